/**
 * Once nothing is wrong any more every node reaches its neighbours, and some node far from it, on
 * demand and within a bounded time, whoever of them has to connect.
 */
import { pidKey, type Self } from '../../runtime/index.ts'
import type { Simulation } from '../../src/testing/index.ts'
import { at, type Behaviour, callWithin } from '../../stdlib/index.ts'
import type { Neighbours } from './topology.ts'
import type { Witness } from './witness.ts'
import { type Server, serverName } from './workload/server.ts'

/** Any node must be reachable on demand within this once nothing is wrong. */
const reconnectWithinMs = 15_000
const callTimeoutMs = 2_000
const restMs = 500

type Reaching = {
  readonly sim: Simulation
  readonly witness: Witness
  readonly server: Behaviour<Server, undefined>
  readonly neighbours: Neighbours
  /** Nodes whose name nobody trusts any more. */
  readonly strangers: ReadonlySet<string>
}

export async function everybodyReaches(reaching: Reaching): Promise<void> {
  const { sim, neighbours, strangers } = reaching
  const known = sim.names.filter((name) => !strangers.has(name))
  const audits = known.flatMap((from) => {
    const far = known[Math.floor(sim.world.random.unit() * known.length)] ?? from
    const near = (neighbours.get(from) ?? []).filter((to) => !strangers.has(to))
    const targets = new Set([...near, far])
    targets.delete(from)
    return [...targets].map((to) => reach(reaching, from, to))
  })
  await sim.settle('every node reaches its neighbours', Promise.all(audits), 2 * reconnectWithinMs)
}

async function reach(reaching: Reaching, from: string, to: string): Promise<void> {
  const { sim, witness } = reaching
  const last = await sim.node(from)?.run((self) => keepAsking(reaching, self, to))
  if (last !== '') witness.accuse(`${from} cannot reach ${to}: ${last}`)
}

/** Why nothing came of it in the end; empty when it did. */
async function keepAsking(reaching: Reaching, self: Self, to: string): Promise<string> {
  const { witness } = reaching
  const server = at(to, reaching.server, serverName)
  const endMs = witness.nowMs + reconnectWithinMs
  const timeoutMs = callTimeoutMs
  let reason = ''
  while (witness.nowMs < endMs) {
    const id = witness.nextId()
    const caller = pidKey(self.pid)
    const begunAt = witness.timeOf(self)
    witness.tell({ tag: 'callBegun', id, caller, timeoutMs, to: null, at: begunAt })
    try {
      await callWithin(self, timeoutMs, server, 'echo', { id, caller: self.pid, answerBytes: 0 })
      const at = witness.timeOf(self)
      witness.tell({ tag: 'callEnded', id, outcome: 'ok', answers: id, at })
      return ''
    } catch (error) {
      reason = String(error)
      const at = witness.timeOf(self)
      witness.tell({ tag: 'callEnded', id, outcome: '"nodedown"', answers: null, at })
      await self.receive(null, { timeoutMs: restMs, otherwise: null })
    }
  }
  return reason
}
