/**
 * Resolvers at work: each in a process of its own, which asks both sides for their states, calls
 * what the program gave, and tells its verdict. One that ends without a verdict means `stop`. After
 * a heal there may be many conflicts: a bounded number are at work, the others wait. None outlives
 * the process it works for.
 */
import {
  type AnyModule,
  Exit,
  isDown,
  type Pid,
  process,
  type Reference,
  type Self,
  spawnMonitor,
} from '../../../runtime/index.ts'
import { type System, show, terminate } from '../../../runtime/kernel.ts'
import { sys } from '../../../stdlib/index.ts'
import { limits } from '../../limits.ts'
import type { Claimed } from './claim.ts'
import type { ConflictVerdict } from './dispute.ts'
import type { Claimant, Global } from './global.ts'

export type Verdict = { readonly key: string; readonly verdict: ConflictVerdict }
type Told = Verdict & { readonly tag: '$verdict'; readonly by: Pid }
type Job = { readonly key: string; readonly winner: Claimed; readonly loser: Claimed }
type Running = { readonly pid: Pid; readonly ref: Reference }

const verdicts: readonly unknown[] = ['stop', 'release', 'take']

export class Resolvers {
  readonly #self: Self
  readonly #module: AnyModule
  readonly #running = new Map<string, Running>()
  readonly #keys = new Map<unknown, string>()
  readonly #waiting = new Map<string, Job>()
  readonly #begun: (key: string) => void

  /** `begun` is told of each that begins. */
  constructor(system: System, global: Global, self: Self, begun: (key: string) => void) {
    this.#self = self
    this.#begun = begun
    const server = self.pid
    this.#module = process('skein.globalConflict', async (own: Self, job: Job) => {
      const verdict = await verdictOf(own, system, global, job)
      own.send(server, { tag: '$verdict', key: job.key, verdict, by: own.pid } satisfies Told)
    })
    // Nobody would hear their verdicts, and whoever takes over begins its own.
    self.onExit(() => {
      for (const { pid } of this.#running.values()) {
        const found = system.lookup(pid)
        if (found.tag === 'local') terminate(found.process, 'killed')
      }
    })
  }

  begin(job: Job): void {
    this.#waiting.set(job.key, job)
    this.#next()
  }

  /** It is killed, and its verdict will not be heard. */
  abandon(key: string): void {
    this.#waiting.delete(key)
    const running = this.#forget(key)
    if (running !== undefined) this.#self.exit(running.pid, 'kill')
    this.#next()
  }

  /** The verdict that `message` brings; undefined for any other message. */
  ended(message: unknown): Verdict | undefined {
    const isOver = isDown()(message)
    if (!isOver && !isTold(message)) return undefined
    const key = this.#keys.get(isOver ? message.target : message.by)
    if (key === undefined) return undefined
    this.#forget(key)
    this.#next()
    return { key, verdict: isOver ? 'stop' : message.verdict }
  }

  #next(): void {
    for (const [key, job] of this.#waiting) {
      if (this.#running.size >= limits.globalResolversMax) return
      this.#waiting.delete(key)
      const { pid, ref } = spawnMonitor(this.#self, this.#module, job)
      this.#running.set(key, { pid, ref })
      this.#keys.set(pid, key)
      this.#begun(key)
    }
  }

  #forget(key: string): Running | undefined {
    const running = this.#running.get(key)
    if (running === undefined) return undefined
    this.#running.delete(key)
    this.#keys.delete(running.pid)
    this.#self.demonitor(running.ref, { flush: true })
    return running
  }
}

async function verdictOf(
  self: Self,
  system: System,
  global: Global,
  { key, winner, loser }: Job,
): Promise<ConflictVerdict> {
  const resolver = global.resolverOf(key)
  if (resolver === undefined) return 'stop'
  const sides = await Promise.all([claimantOf(self, winner), claimantOf(self, loser)])
  const conflict = { name: loser.name, winner: sides[0], loser: sides[1] }
  const verdict: unknown = await resolver(conflict, self)
  if (isVerdict(verdict)) return verdict
  const message = 'a resolver of a global name gave no verdict'
  system.trace.log('warning', message, { name: loser.name, got: show(verdict) })
  return 'stop'
}

async function claimantOf(self: Self, { pid, node }: Claimed): Promise<Claimant> {
  try {
    return { pid, node, state: await sys.getState(self, pid, limits.globalStateMaxMs) }
  } catch (error) {
    if (error instanceof Exit) return { pid, node, state: undefined }
    throw error
  }
}

function isVerdict(verdict: unknown): verdict is ConflictVerdict {
  return verdicts.includes(verdict)
}

function isTold(message: unknown): message is Told {
  return (
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === '$verdict'
  )
}
