{{/* Of every object of the release but the CRDs, which outlive it. */}}
{{- define "azid.releaseLabels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "azid.labels" -}}
app.kubernetes.io/name: azid-controller
app.kubernetes.io/part-of: azid
{{ include "azid.releaseLabels" . }}
{{- end }}

{{/* Of the Deployment of a shard, and of what is its alone. */}}
{{- define "azid.nameOfShard" -}}
azid-controller{{ if ne . "default" }}-{{ . }}{{ end }}
{{- end }}

{{- define "azid.image" -}}
{{- with .Values.image -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end }}
