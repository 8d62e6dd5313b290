/**
 * An agent: a process that keeps doing things to others, here and elsewhere, and reports what
 * comes of it. What it does next is drawn from the run's random source by the weights of the
 * scenario. Between two actions, and only then, it reads its mail.
 */
import { type Module, process, type Self } from '../../../runtime/index.ts'
import type { Behaviour } from '../../../stdlib/index.ts'
import type { Extension } from '../extension.ts'
import type { Neighbours } from '../topology.ts'
import type { Witness } from '../witness.ts'
import { type Action, act } from './actions.ts'
import type { ChildArg } from './child.ts'
import { Grip } from './grip.ts'
import type { Server } from './server.ts'

export type Weights = Readonly<Record<Action, number>>

export type Workload = {
  readonly weights: Weights
  readonly neighbours: Neighbours
  readonly extensions: readonly Extension[]
  /** An agent rests for up to this long between two actions. */
  readonly restMaxMs: number
  /** One in so many messages and answers is large. */
  readonly largeOneIn: number
  readonly server: Behaviour<Server, undefined>
  readonly child: Module<unknown, ChildArg>
}

const quietRestMs = 500

export function agentModule(witness: Witness, workload: Workload): Module<unknown, undefined> {
  return process<undefined>('sim.agent', async (self) => {
    witness.meet(self)
    witness.offerAgent(self)
    self.trapExit(true)
    const grip = new Grip(witness, self, workload)
    for (;;) {
      if (witness.active) await act(grip, draw(witness, workload.weights))
      const restMs = witness.active ? grip.below(workload.restMaxMs) : quietRestMs
      if (await read(grip, self, restMs)) return
    }
  })
}

function draw(witness: Witness, weights: Weights): Action {
  const entries = Object.entries(weights) as [Action, number][]
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0)
  let left = witness.sim.world.random.unit() * total
  for (const [action, weight] of entries) {
    left -= weight
    if (left < 0) return action
  }
  return 'rest'
}

/** Reads mail for `restMs`. True when the agent is to end. */
async function read(grip: Grip, self: Self, restMs: number): Promise<boolean> {
  const endMs = grip.witness.nowMs + restMs
  for (;;) {
    const timeoutMs = Math.max(0, Math.ceil(endMs - grip.witness.nowMs))
    const message = await self.receive(null, { timeoutMs, otherwise: null })
    if (message === null) return false
    if (!grip.take(message)) return true
  }
}
