/**
 * Four honest nodes of one overlay, and a peer that is authenticated and means harm, connected to
 * the seed. Whatever it says, the parts of the cluster run on as the same processes, keep within
 * their limits, and the honest nodes stay one overlay that hears every broadcast.
 */
import { systemOf } from '../../../../runtime/kernel.ts'
import { broadcastName } from '../../../../src/broadcast/server.ts'
import {
  broadcast,
  broadcastStatistics,
  members,
  subscribeBroadcast,
  subscribeMembers,
} from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import { membersName } from '../../../../src/members/server.ts'
import { membershipName } from '../../../../src/membership/server.ts'
import { assert } from '../../../support/harness.ts'
import { ScriptedPeer } from '../dist/scripted-peer.ts'
import { type Ear, nth, OverlayScene, seed } from '../membership/overlay-scene.ts'

export const evil = 'evil@10.6.6.6'
const names = [membershipName, broadcastName, membersName]
const batch = 500

export type Attack = {
  readonly scene: OverlayScene
  readonly peer: ScriptedPeer
  readonly pids: unknown
  readonly ears: readonly Ear[]
  readonly news: Ear
}

/** Four honest nodes, and the peer connected to the seed. */
export async function attack(): Promise<Attack> {
  const scene = await OverlayScene.of(3)
  await scene.agreed()
  const ears: Ear[] = []
  for (const name of scene.nodes.keys()) {
    ears.push(await scene.hear(name, (self) => subscribeBroadcast(self, 'news')))
  }
  const news = await scene.hear(seed, subscribeMembers)
  const options = { name: evil, target: seed, flags: ['services'] }
  const peer = await ScriptedPeer.established(scene.cluster, options)
  return { scene, peer, pids: pidsOf(scene), ears, news }
}

function pidsOf(scene: OverlayScene): unknown {
  return names.map((name) => scene.process(seed, name).pid)
}

/** Says `count` bodies to a service; time passes as fast as the node reads. */
export async function flood(
  { scene, peer }: Attack,
  service: string,
  count: number,
  body: (n: number) => unknown,
): Promise<void> {
  for (let n = 0; n < count; n++) {
    peer.tell(service, body(n))
    if (n % batch === batch - 1) await scene.cluster.pass(1)
  }
  await scene.cluster.pass(100)
}

/** The node is what it was, and the honest ones do not notice. */
export async function unharmed({ scene, pids, ears, news }: Attack): Promise<void> {
  assert.equal(pidsOf(scene), pids, 'the same processes')
  const view = await scene.view(seed)
  assert.ok(view.passive.length <= 30 && view.active.length <= 5)
  assert.ok(view.pending.length <= limits.membershipPendingMax)
  assert.ok(view.failed.length <= limits.membershipFailedMax)
  assert.ok(view.lost.length <= 64)
  const statistics = await scene.cluster.drive(broadcastStatistics(scene.node(seed)))
  assert.ok(statistics.pendingIhaves <= limits.broadcastMissingMax)
  assert.ok(statistics.streams <= limits.broadcastStreamsMax)
  assert.ok(statistics.cachedMessages <= limits.broadcastRememberedMax)
  await scene.until('the honest are one overlay', () => scene.isHonest())
  for (const ear of ears) ear.heard.length = 0
  for (const name of scene.nodes.keys()) {
    assert.is((await scene.cluster.drive(broadcast(scene.node(name), 'news', name))).tag, 'ok')
  }
  const honest = [...scene.nodes.keys()].sort()
  const heardBy = (ear: Ear) => ear.heard.map(({ payload }) => payload).filter(isHonest)
  const isHonest = (payload: unknown) => honest.some((name) => name === payload)
  await scene.cluster.until('every broadcast is heard', () =>
    ears.every((ear) => heardBy(ear).length >= honest.length),
  )
  for (const ear of ears) assert.equal(heardBy(ear).sort(), honest)
  const list = await scene.cluster.drive(members(scene.node(seed)))
  const up = list.filter(({ state }) => state === 'up').map(({ node }) => node)
  for (const name of honest) assert.ok(up.includes(name), `${name} is up`)
  const down = news.heard.filter(({ tag, node }) => tag === 'memberDown' && isHonest(node))
  assert.equal(down, [])
}

export function wallMs(scene: OverlayScene): number {
  return systemOf(scene.node(seed)).platform.clock.wallMs()
}

/** All that was said so was understood. */
export function isWellFormed(scene: OverlayScene): boolean {
  return ['hyparview', 'plumtree', 'members'].every((part) => {
    return scene.counted(seed, `skein.${part}.malformed`) === 0
  })
}

export function hearing(scene: OverlayScene, name: string): Promise<Ear> {
  return scene.hear(name, (self) => subscribeBroadcast(self, 'news'))
}

/** So many members that it makes up. Gives how many are listed then. */
export async function tinyNames(count: number): Promise<number> {
  const given = await attack()
  const { scene } = given
  const per = limits.verdictEntriesMax
  const incarnation = wallMs(scene)
  const rest = { incarnation, creation: 1, version: '', metadata: {}, left: false }
  let made = 0
  await flood(given, 'members', Math.ceil(count / per), () => {
    const news = Array.from({ length: per }, () => ({
      tag: 'alive',
      node: `${(made++).toString(36)}@x`,
      ...rest,
    }))
    return { tag: 'entries', news, want: [], more: false }
  })
  assert.ok(made >= count)
  const list = await scene.cluster.drive(members(scene.node(seed)))
  assert.ok(isWellFormed(scene))
  assert.ok(scene.counted(seed, 'skein.members.full', { peer: evil }) > 0)
  assert.is(scene.counted(seed, 'skein.members.member_up', { overflow: 'true' }), 0)
  const late = nth(9)
  await scene.start(late)
  await scene.until('who comes later is listed', async () => {
    const found = await members(scene.node(seed))
    return found.some(({ node, state }) => node === late && state === 'up')
  })
  await unharmed({ ...given, ears: [...given.ears, await hearing(scene, late)] })
  return list.length
}
