/**
 * What the workload spawns elsewhere: lives for a while, listens, talks to its boss at the
 * beginning and at the end, and ends with its last words.
 */
import { exit, type Module, type Pid, pidKey, process } from '../../../runtime/index.ts'
import type { Witness } from '../witness.ts'
import { Ear, Mouth } from './numbered.ts'

export type ChildArg = {
  /** Number of the spawn request. */
  readonly id: number
  readonly boss: Pid
  readonly lifeMs: number
  readonly messages: number
}

export function childModule(witness: Witness): Module<unknown, ChildArg> {
  return process<ChildArg>('sim.child', async (self, { id, boss, lifeMs, messages }) => {
    witness.meet(self)
    witness.offer(self)
    witness.tell({ tag: 'childStarted', id, pid: pidKey(self.pid) })
    const ear = new Ear(witness, self)
    const mouth = new Mouth(witness, self)
    for (let i = 0; i < messages; i++) mouth.say(boss)
    const endMs = witness.nowMs + lifeMs
    for (;;) {
      const timeoutMs = Math.max(0, Math.ceil(endMs - witness.nowMs))
      const message = await self.receive(null, { timeoutMs, otherwise: null })
      if (message === null) break
      if (!ear.take(message)) {
        witness.tell({ tag: 'stray', by: String(self.pid), what: JSON.stringify(message) })
      }
    }
    for (let i = 0; i < messages; i++) mouth.say(boss)
    return exit({ ...mouth.lastWords(boss) })
  })
}
