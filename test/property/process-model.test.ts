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
  type Ref,
  type Reference,
  type Self,
  spawn,
  startRuntime,
} from '../../runtime/index.ts'
import { systemOf } from '../../runtime/kernel.ts'
import { seededRandom, simPlatform, World } from '../../runtime/platform/sim.ts'
import {
  callWithin,
  type From,
  genServer,
  next,
  reply,
  replyTo,
  start,
} from '../../stdlib/index.ts'
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
  return (
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === 'numbered'
  )
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
  readonly servers: Ref<Echo>[] = []
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
    const n = this.below(1_000)
    const settled = this.#request(self, server, n).then(
      (value) => {
        record.settled++
        if (value !== n) this.faults.push(`${n} was answered ${value}`)
      },
      () => {
        record.settled++
      },
    )
    if (this.below(2) === 0) await self.wait(settled)
  }

  #request(self: Self, server: Ref<Echo>, n: number): Promise<number | null> {
    const kind = this.below(12)
    if (kind === 0) return callWithin(self, Number.POSITIVE_INFINITY, server, 'fatal')
    if (kind < 4) return callWithin(self, 20, server, 'deferred', n)
    const op = kind < 8 ? 'now' : 'later'
    return callWithin(self, Number.POSITIVE_INFINITY, server, op, n)
  }

  act(self: Self, me: number): void {
    const kind = this.below(30)
    if (kind < 18) this.send(self, me)
    else if (kind < 23) this.watch(self, me)
    else if (kind === 23) self.exit(this.actors[this.below(actorCount)]!, 'kill')
    else if (kind === 24) this.tryLink(self)
    else if (kind === 25 && this.below(4) === 0)
      self.exit(this.servers[this.below(this.servers.length)]!, 'stop')
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
      else if (pause === 1) {
        const message = await self.receive(null, { timeoutMs: 5, otherwise: null })
        if (message !== null) run.handle(me, message)
      } else if (pause < 4) await run.call(self, me)
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

type Summary = { readonly log: string; readonly messages: number; readonly calls: number }

async function play(seed: number, sliceChecks: number): Promise<Summary> {
  const world = new World(seed)
  const node = startRuntime({ name: 'a@host', platform: simPlatform(world, { sliceChecks }) })
  const run = new Run(seed)
  const ends: string[] = []
  node.observe((event) => {
    if (event.tag === 'exit') ends.push(`${String(event.pid)} ${JSON.stringify(event.reason)}`)
  })
  const drained = async (): Promise<void> => {
    await turn()
    while (world.advance()) await turn()
  }
  const starting = Promise.all([start(node, Echo), start(node, Echo), start(node, Echo)])
  await drained()
  for (const started of await starting) if (started.tag === 'ok') run.servers.push(started.pid)
  const forms = actorsOf(run)
  for (let i = 0; i < actorCount; i++) {
    const priority = run.below(4) === 0 ? 'high' : 'normal'
    run.actors.push(spawn(node, forms[run.below(2)]!, i, { priority }))
  }
  await drained()
  const alive = run.actors.map((pid) => isAlive(node, pid))
  assert.equal(run.faults, [])
  checkMessages(run, alive)
  checkCalls(run, alive)
  checkMonitors(run, alive, (pid) => isAlive(node, pid))
  assert.not(systemOf(node).scheduler.busy)
  await node.stop()
  await drained()
  assert.is(world.pendingTimers, 0)
  const log = JSON.stringify([ends, [...run.seen], run.calls, alive]).replaceAll(/:\d+:\d+/g, '')
  return { log, messages: run.seen.size, calls: run.calls.length }
}

function checkMessages(run: Run, alive: readonly boolean[]): void {
  for (const [pair, count] of run.sent) {
    const [, to] = pair.split('>')
    if (alive[Number(to)]) assert.is(run.seen.get(pair), count, `messages of ${pair} were lost`)
  }
}

function checkCalls(run: Run, alive: readonly boolean[]): void {
  for (const { caller, settled } of run.calls) {
    assert.ok(settled <= 1, 'a call settled twice')
    assert.ok(settled === 1 || !alive[caller], 'a call of a living process never settled')
  }
}

function checkMonitors(run: Run, alive: readonly boolean[], isUp: (pid: Pid) => boolean): void {
  for (const { owner, target, downs } of run.watched.values()) {
    if (isUp(target)) assert.is(downs, 0, 'a DOWN of a living process')
    else if (alive[owner]) assert.is(downs, 1, 'a monitor without its one DOWN')
    else assert.ok(downs <= 1, 'two DOWNs of one monitor')
  }
}

for (const sliceChecks of [1, 2, 3, 17]) {
  test(`every run keeps the promises, in slices of ${sliceChecks}`, async () => {
    let messages = 0
    let calls = 0
    for (let seed = 1; seed <= 60; seed++) {
      useSeed(`${seed} in slices of ${sliceChecks}`)
      const summary = await play(seed, sliceChecks)
      messages += summary.messages
      calls += summary.calls
    }
    // The runs did something: without it the checks above prove nothing.
    assert.ok(messages > 1_000 && calls > 500, `${messages} pairs, ${calls} calls`)
  })
}

test('the same seed gives the same run, another seed another', async () => {
  const first = await play(77, 2)
  assert.is((await play(77, 2)).log, first.log)
  assert.is.not((await play(78, 2)).log, first.log)
})

test.run()
