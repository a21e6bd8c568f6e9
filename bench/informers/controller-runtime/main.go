// Watches ConfigMaps with controller-runtime and does nothing with them: the other side of bench/informers.ts, which starts
// it, edits objects, cuts its connections and reads what it says. It says `synced`, and for each reconcile after that
// `reconciled <name> <resourceVersion>`.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func main() {
	kubeconfig := flag.String("kubeconfig-file", "", "of the API server")
	namespace := flag.String("namespace", "bench", "whose ConfigMaps are watched")
	objects := flag.Int64("objects", 0, "how many there are: reconciled once each, it is in sync")
	workers := flag.Int("workers", 10, "reconciles at the same time")
	flag.Parse()
	log.SetLogger(zap.New(zap.WriteTo(os.Stderr)))
	if err := run(*kubeconfig, *namespace, *objects, *workers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kubeconfig, namespace string, objects int64, workers int) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	// As custom resources come, and azid's objects are: JSON.
	config.ContentType = runtime.ContentTypeJSON
	config.AcceptContentTypes = runtime.ContentTypeJSON
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Metrics: metricsserver.Options{BindAddress: "0"},
		Cache: cache.Options{
			DefaultNamespaces: map[string]cache.Config{namespace: {}},
			// As azid does.
			DefaultTransform: cache.TransformStripManagedFields(),
		},
	})
	if err != nil {
		return err
	}
	var out sync.Mutex
	lines := bufio.NewWriter(os.Stdout)
	say := func(format string, values ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Fprintf(lines, format+"\n", values...)
		lines.Flush()
	}
	var reconciled atomic.Int64
	reconciler := reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		var object corev1.ConfigMap
		if err := manager.GetClient().Get(ctx, request.NamespacedName, &object); err != nil {
			return reconcile.Result{}, client.IgnoreNotFound(err)
		}
		switch count := reconciled.Add(1); {
		case count == objects:
			say("synced")
		case count > objects:
			say("reconciled %s %s", object.Name, object.ResourceVersion)
		}
		return reconcile.Result{}, nil
	})
	err = ctrl.NewControllerManagedBy(manager).
		For(&corev1.ConfigMap{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(reconciler)
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}
