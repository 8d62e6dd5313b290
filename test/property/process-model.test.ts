/**
 * Processes that send, call, monitor, link and kill each other at random, in slices of one to
 * three units, with who runs next drawn by seed. Whatever happens: messages of one sender to one
 * receiver arrive complete and in order, a call settles once unless its caller is dead, and a
 * monitor tells exactly one end.
 */
import {
  isAlive,
  isDown,
  type Pid,
  process,
  type Reference,
  type Self,
  spawn,
} from '../../runtime/index.ts'
import { seededRandom, simPlatform, World } from '../../runtime/platform/sim.ts'
import { type LocalNode, startRuntime } from '../../runtime/index.ts'
import { callWithin, type From, genServer, next, reply, replyTo, start } from '../../stdlib/index.ts'
import { assert, suite, useSeed } from '../support/harness.ts'
import { turn } from '../support/until.ts'

const test = suite('process model')

const actorCount = 8
const stepsPerActor = 40

type Numbered = { readonly tag: 'numbered'; readonly from: number; readonly n: number }
type Echo = {
  calls: {
    now: (n: number) => number
    later: (n: number) => number
    deferred: (n: number) => number
    fatal: () => null
  }
}

function isNumbered(message: unknown): message is Numbered {
  return typeof message === 'object' && message !== null && 'tag' in message && message.tag === 'numbered'
}

const Echo = genServer<Echo>('echo')({
  init: () => ({ owed: [] as { from: From<number>; n: number }[] }),
  calls: {
    now: (state, n) => reply(n, state),
    later: async (state, n, self) => {
      await self.yield()
      return reply(n, state)
    },
    // Answered when the next one comes, by another handler than the one it was for.
    deferred: (state, n, self, from) => {
      for (const one of state.owed) replyTo(self, one.from, one.n)
      return next({ owed: [{ from, n }] })
    },
    fatal: () => {
      throw new Error('fatal')
    },
  },
})

type Watched = { readonly owner: number; readonly target: Pid; downs: number }
type Call = { readonly caller: number; settled: number }

/** One run: what was done, and what was seen of it. */
class Run {
  readonly actors: Pid[] = []
  readonly servers: Pid[] = []
  readonly watched = new Map<Reference, Watched>()
  readonly calls: Call[] = []
  readonly faults: string[] = []
  /** How many numbered messages each pair has sent, and has seen arrive. */
  readonly sent = new Map<string, number>()
  readonly seen = new Map<string, number>()
  readonly #random: () => number

  constructor(seed: number) {
    const random = seededRandom(seed ^ 0x5eed)
    this.#random = () => random.unit()
  }

  below(n: number): number {
    return Math.floor(this.#random() * n)
  }

  send(self: Self, me: number): void {
    const to = this.below(actorCount)
    const n = (this.sent.get(`${me}>${to}`) ?? 0) + 1
    const message: Numbered = { tag: 'numbered', from: me, n }
    // By pid, or after zero time... the order of a pair holds for direct sends only.
    self.send(this.actors[to]!, message)
    this.sent.set(`${me}>${to}`, n)
  }

  watch(self: Self, me: number): void {
    const target = this.below(3) === 0 ? this.servers : this.actors
    const pid = target[this.below(target.length)]!
    this.watched.set(self.monitor(pid), { owner: me, target: pid, downs: 0 })
  }

  handle(me: number, message: unknown): void {
    if (isDown()(message)) {
      const watched = this.watched.get(message.ref)
      if (watched === undefined) this.faults.push('a DOWN of no monitor')
      else watched.downs++
    } else if (isNumbered(message)) {
      const pair = `${message.from}>${me}`
      const last = this.seen.get(pair) ?? 0
      if (message.n !== last + 1) this.faults.push(`${pair}: ${message.n} came after ${last}`)
      this.seen.set(pair, message.n)
    } else this.faults.push(`a stray message: ${JSON.stringify(message)}`)
  }

  async call(self: Self, me: number): Promise<void> {
    const record: Call = { caller: me, settled: 0 }
    this.calls.push(record)
    const server = this.servers[this.below(this.servers.length)]!
    const op = (['now', 'later', 'deferred', 'fatal'] as const)[this.below(12) === 0 ? 3 : this.below(3)]!
    const n = this.below(1_000)
    const timeoutMs = op === 'deferred' ? 20 : Number.POSITIVE_INFINITY
    const pending = op === 'fatal' ? callWithin(self, timeoutMs, server as never, 'fatal' as never) : callWithin<Echo, typeof op>(self, timeoutMs, server, op, n)
    const answer = Promise.resolve(pending).then(
      (value) => {
        record.settled++
        if (value !== n) this.faults.push(`${op} ${n} was answered ${String(value)}`)
      },
      () => {
        record.settled++
      },
    )
    if (this.below(2) === 0) await self.wait(answer)
  }

  act(self: Self, me: number): void {
    const kind = this.below(30)
    if (kind < 18) this.send(self, me)
    else if (kind < 23) this.watch(self, me)
    else if (kind === 23) self.exit(this.actors[this.below(actorCount)]!, 'kill')
    else if (kind === 24) this.tryLink(self)
    else if (kind === 25 && this.below(4) === 0) self.exit(this.servers[this.below(this.servers.length)]!, 'stop')
  }

  tryLink(self: Self): void {
    const other = this.actors[this.below(actorCount)]!
    if (isAlive(self, other)) self.link(other)
  }
}

function actorsOf(run: Run) {
  const asynchronous = process('async actor', async (self, me: number) => {
    for (let step = 0; step < stepsPerActor; step++) {
      run.act(self, me)
      const pause = run.below(10)
      if (pause === 0) await self.yield()
      else if (pause === 1) run.handle(me, await self.receive(null, { timeoutMs: 5, otherwise: nothing(run, me) }))
      else if (pause < 4) await run.call(self, me)
    }
    for (;;) run.handle(me, await self.receive())
  })
  const generator = process('generator actor', function* (self, me: number) {
    for (let step = 0; step < stepsPerActor; step++) {
      run.act(self, me)
      if (run.below(4) > 0) continue
      const wanted = run.below(2) === 0 ? null : isNumbered
      const message = yield* self.take(wanted, { timeoutMs: run.below(3), otherwise: null })
      if (message !== null) run.handle(me, message)
    }
    for (;;) run.handle(me, yield* self.take())
  })
  return [asynchronous, generator]
}
