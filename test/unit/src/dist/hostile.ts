/**
 * A victim, an honest node that talks with it, and a scripted peer that does not. Whatever the peer
 * did, the honest node must still have the very channel it had, and the victim's tables must return
 * to what they were once the peer is gone.
 */
import {
  type AnyModule,
  at,
  call,
  channelStatistics,
  genServer,
  monitorNodes,
  process,
  reply,
  type Self,
  spawn,
} from '../../../../src/index.ts'
import type { Node } from '../../../../src/node/node.ts'
import { assert } from '../../../support/harness.ts'
import { type PeerOptions, ScriptedPeer } from './scripted-peer.ts'
import { a, b, type Tables, tablesOf, VirtualCluster } from './virtual-cluster.ts'

/** The name of the peer that means harm. */
export const evil = 'evil@10.6.6.6'

type Counter = { calls: { add: (n: number) => number; echo: (value: unknown) => unknown } }

export const counterName = 'counter'

export const counter = genServer<Counter>('hostile.counter')({
  init: (start: number) => start,
  calls: {
    add: (total, n) => reply(total + n, total + n),
    echo: (total, value) => reply(value, total),
  },
})

/** Reads its mail and keeps it. */
export const reader = process('hostile.reader', async (self: Self) => {
  for (;;) await self.receive()
})

/** Listed, but not for others. */
export const secret = process('hostile.secret', async (self: Self) => {
  await self.receive()
})

const modules: readonly AnyModule[] = [counter, reader, secret]

export type Hostile = {
  readonly cluster: VirtualCluster
  readonly victim: Node
  readonly honest: Node
  readonly peer: ScriptedPeer
  /** The tables of the victim before the peer did anything. */
  readonly before: Tables
}

/** The victim is `b`, the honest node `a`; the peer has an established channel to `b`. */
export async function hostile(options: Partial<PeerOptions> = {}): Promise<Hostile> {
  const cluster = new VirtualCluster()
  const victim = await cluster.start(b, { modules, spawnable: [counter, reader] })
  const honest = await cluster.start(a, { modules })
  spawn(victim, counter, 0, { name: counterName })
  await cluster.run(honest, async (self) => {
    assert.is(await call(self, at(b, counter, counterName), 'add', 0), 0)
  })
  const before = tablesOf(victim, evil)
  const peer = await ScriptedPeer.established(cluster, { name: evil, target: b, ...options })
  return { cluster, victim, honest, peer, before }
}

/** The honest node calls the victim over the channel it has had from the start. */
export async function wellFor({ cluster, honest, victim }: Hostile): Promise<void> {
  const sentBefore = channelStatistics(honest, b)?.framesSent ?? 0
  await cluster.run(honest, async (self) => {
    monitorNodes(self, true)
    const total = await call(self, at(b, counter, counterName), 'add', 1)
    assert.ok(total > 0, 'the victim answers')
    assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  })
  assert.ok((channelStatistics(honest, b)?.framesSent ?? 0) > sentBefore, 'over the same channel')
  assert.is(cluster.of(victim.name, 'nodedown').filter(({ node }) => node === a).length, 0)
}

/** The peer goes, and nothing of it is left. */
export async function leavesNothing(scene: Hostile): Promise<void> {
  const { cluster, victim, peer, before } = scene
  peer.connection.close(0, 'done')
  await cluster.until('the victim has noticed', () =>
    cluster.of(victim.name, 'nodedown').some(({ node }) => node === evil),
  )
  await cluster.pass(100)
  assert.equal(tablesOf(victim, evil), before)
}

/** The victim's dead letters that the peer caused. */
export function deadLetters({ cluster, victim }: Hostile): string[] {
  return cluster
    .of(victim.name, 'deadLetter')
    .filter(({ node }) => node === evil)
    .map(({ detail }) => detail)
}
