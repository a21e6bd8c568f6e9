import { describe, expect, it } from 'vitest';
import { credentialName } from '../../src/azure/names/credential-name.ts';
import { AUDIENCE, FederationStage, ISSUER, NAMESPACE, WEB } from '../support/kinds/federation.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

let cluster: Cluster;
let world: World;
let stage: FederationStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new FederationStage(cluster, world);
  await stage.prepare();
});

describe('a credential', () => {
  it('waits for its identity by name and goes on as soon as it is there', async () => {
    await stage.declare('early', { identityRef: { name: 'later' } });
    await world.start();
    await world.until('the wait', async () => {
      const reason = (await stage.condition('early'))?.reason;
      return reason === 'DependencyNotReady';
    });
    expect((await stage.condition('early'))?.message).toContain(
      'UserAssignedIdentity team-a/later does not exist',
    );
    await stage.identity('later');
    await stage.settled('early');
    expect(await stage.inAzure(WEB.replace(/web$/, 'later'))).toHaveLength(1);
  });

  it('is made once, said to be ready, and costs no write afterwards', async () => {
    await stage.declare('build');
    await world.start();
    const { status } = await stage.settled('build');
    const [made] = await stage.inAzure();
    expect(made?.properties).toEqual({ issuer: ISSUER, subject: 'job:build', audiences: [AUDIENCE] });
    expect(made?.name).toMatch(/^team-a-build-[0-9a-f]{12}-[0-9a-f]{20}$/);
    expect(status).toMatchObject({
      subject: 'job:build',
      ledger: [`${status?.identityId}/federatedIdentityCredentials/${made?.name}`],
    });
    expect(status?.writeStartedAt).toBeUndefined();
    await world.pass(25 * 60_000);
    expect(stage.writes().map(({ method, status: code }) => [method, code])).toEqual([['PUT', 201]]);
  });

  it('follows an edit in place: one PUT under the same name', async () => {
    await stage.declare('build');
    await world.start();
    await stage.settled('build');
    await stage.declare('build', { subject: 'job:deploy' });
    await world.until(
      'the new subject',
      async () => (await stage.inAzure())[0]?.properties.subject === 'job:deploy',
    );
    await stage.settled('build');
    expect(await stage.inAzure()).toHaveLength(1);
    expect(stage.writes().map(({ method, status }) => [method, status])).toEqual([
      ['PUT', 201],
      ['PUT', 200],
    ]);
  });

  it('for GitHub follows from names alone to names with ids, and says what it trusts', async () => {
    const GITHUB = 'https://token.actions.githubusercontent.com';
    await stage.policy([{ issuers: [GITHUB], subjects: ['repo:contoso/*:**', 'repo:contoso@5544123/*:**'] }]);
    const github = { organization: 'contoso', repository: 'shop', environment: 'production' };
    const mutable = async () =>
      (await stage.get('deploy'))?.status?.conditions?.find(({ type }) => type === 'MutableSubject')?.status;
    await stage.declare('deploy', { github });
    const first = await world.start();
    expect((await stage.settled('deploy')).status?.subject).toBe('repo:contoso/shop:environment:production');
    expect(await mutable()).toBe('True');
    // The next version of azid finds it so, and leaves it.
    await world.stop(first);
    await world.start();
    await world.pass(25 * 60_000);
    expect(stage.writes()).toHaveLength(1);
    await stage.declare('deploy', { github: { ...github, organizationId: 5_544_123, repositoryId: 991 } });
    const subject = 'repo:contoso@5544123/shop@991:environment:production';
    await world.until(
      'the subject with ids',
      async () => (await stage.get('deploy'))?.status?.subject === subject,
    );
    await stage.settled('deploy');
    expect((await stage.inAzure()).map(({ properties }) => properties.subject)).toEqual([subject]);
    expect(await mutable()).toBe('False');
    expect(stage.writes().map(({ method, status }) => [method, status])).toEqual([
      ['PUT', 201],
      ['PUT', 200],
    ]);
  });

  it('moves to another identity: the new one first, then the old one goes', async () => {
    await stage.identity('other');
    await stage.declare('build');
    await world.start();
    await stage.settled('build');
    await stage.declare('build', { identityRef: { name: 'other' } });
    const other = WEB.replace(/web$/, 'other');
    await world.until('the move', async () => (await stage.inAzure()).length === 0);
    await stage.settled('build');
    expect(await stage.inAzure(other)).toHaveLength(1);
    expect(stage.writes().map(({ method }) => method)).toEqual(['PUT', 'PUT', 'DELETE']);
  });

  it('that was deleted or changed by somebody is put right, found by the rotation alone', async () => {
    await stage.declare('gone');
    await stage.declare('changed');
    await world.start({ credentialRoundMs: 20 * 60_000 });
    const [gone, changed] = [await stage.settled('gone'), await stage.settled('changed')];
    const nameOf = (id = '') => id.slice(id.lastIndexOf('/') + 1);
    await stage.byHand('DELETE', nameOf(gone.status?.id));
    await stage.byHand('PUT', nameOf(changed.status?.id), { subject: 'job:evil' });
    await world.pass(21 * 60_000);
    const subjects = (await stage.inAzure()).map(({ properties }) => properties.subject).sort();
    expect(subjects).toEqual(['job:changed', 'job:gone']);
    expect(stage.writes()).toHaveLength(4);
  });

  it('is made again for an identity that was recycled', async () => {
    await stage.declare('build');
    await world.start();
    const before = await stage.settled('build');
    const { tags } = world.azure.control.identities({}).find(({ name }) => name === 'web') ?? {};
    world.azure.control.deleteIdentity({ id: WEB });
    world.azure.control.createIdentity({ name: 'web', resourceGroup: 'rg1', tags: { ...tags } });
    expect(await stage.inAzure()).toEqual([]);
    await world.until('the object to follow', async () => {
      const principalId = (await stage.get('build'))?.status?.principalId;
      return principalId !== before.status?.principalId;
    });
    await stage.settled('build');
    expect(await stage.inAzure()).toHaveLength(1);
    expect(stage.writes().map(({ status }) => status)).toEqual([201, 201]);
  });

  it('is not given on an identity that somebody made anew under the same name', async () => {
    await world.start();
    await stage.identityReady('web');
    world.azure.control.deleteIdentity({ id: WEB });
    world.azure.control.createIdentity({ name: 'web', resourceGroup: 'rg1' });
    // The lists do not know of it yet, and the object still says Ready.
    await world.pass(60_000);
    await stage.declare('build');
    await world.until('the wait', async () => {
      const { message = '' } = (await stage.condition('build')) ?? {};
      return message.includes('is not the owner of identity');
    });
    expect(stage.writes()).toEqual([]);
    expect(await stage.inAzure()).toEqual([]);
  });

  it('in a region without federation is stalled, saying so, and is not tried in a loop', async () => {
    await stage.identity('south', { location: 'malaysiasouth' });
    await stage.declare('build', { identityRef: { name: 'south' } });
    await world.start();
    await stage.settled('build', 'NotSupportedInRegion');
    expect((await stage.condition('build', 'Stalled'))?.status).toBe('True');
    const tried = stage.writes().length;
    await world.pass(30 * 60_000);
    // Once in five minutes, and whatever else enqueued it.
    expect(stage.writes().length - tried).toBeLessThanOrEqual(8);
  });
});

describe('the same issuer and subject', () => {
  it('made by somebody else satisfy, stay when the object goes, and are made by azid should they vanish', async () => {
    await world.start();
    await stage.identityReady('web');
    await stage.byHand('PUT', 'theirs', { subject: 'job:build' });
    await stage.declare('build');
    await stage.settled('build', 'ExistsUnmanaged');
    await stage.declare('build2', { subject: 'job:other' });
    await stage.settled('build2');
    await stage.byHand('DELETE', 'theirs');
    await stage.lookNow('build');
    await stage.settled('build');
    expect((await stage.inAzure()).map(({ name }) => name)).not.toContain('theirs');

    await stage.byHand('PUT', 'foreign', { subject: 'job:third' });
    await stage.declare('third');
    await stage.settled('third', 'ExistsUnmanaged');
    await stage.remove('third');
    expect((await stage.inAzure()).map(({ name }) => name)).toContain('foreign');
  });

  it('for another audience are a conflict, which clears when somebody removes the other one', async () => {
    await world.start();
    await stage.identityReady('web');
    await stage.byHand('PUT', 'theirs', { subject: 'job:build', audiences: ['api://other'] });
    await stage.declare('build');
    await stage.settled('build', 'CredentialConflict');
    expect(stage.writes()).toEqual([]);
    await stage.byHand('DELETE', 'theirs');
    await stage.lookNow('build');
    await stage.settled('build');
  });

  it('of two objects: the later is stalled and names the first, and follows when the first goes', async () => {
    await stage.declare('first', { subject: 'job:same' });
    await world.start();
    await stage.settled('first');
    await stage.declare('second', { subject: 'job:same' });
    await stage.settled('second', 'OwnedByAnother');
    expect((await stage.condition('second'))?.message).toContain('FederatedIdentityCredential team-a/first');
    await stage.remove('first');
    await stage.settled('second');
    expect(await stage.inAzure()).toHaveLength(1);
  });

  it("made by another cluster's azid are foreign: not touched, not removed", async () => {
    const theirs = credentialName('00000000-0000-4000-8000-0000000000ff', {
      namespace: NAMESPACE,
      name: 'build',
    });
    await world.start();
    await stage.identityReady('web');
    await stage.byHand('PUT', theirs, { subject: 'job:build' });
    await stage.declare('build');
    await stage.settled('build', 'ExistsUnmanaged');
    await stage.remove('build');
    expect((await stage.inAzure()).map(({ name }) => name)).toEqual([theirs]);
    expect(stage.writes()).toEqual([]);
  });
});
