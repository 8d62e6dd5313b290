/**
 * A life of spawns, calls, monitors, timers and crashes, in equal numbers, mixed: whatever each of
 * them leaves behind shows in the heap once there were millions. Half the spawned processes are
 * monitored to their end, the other monitors are given up; half the timers fire and half are
 * cancelled; half the calls are answered by an async handler; half the crashes are processes that
 * throw, half servers that stop with a reason.
 *
 * At every mark all that was begun is over, so that the heap is compared like with like.
 */
import {
  type DownMessage,
  type ExitMessage,
  type LocalNode,
  process,
  processes,
  processInfo,
  type Ref,
  type Self,
  spawnLink,
} from '../../../runtime/index.ts'
import { call, cast, genServer, reply, start, startLink, stop } from '../../../stdlib/index.ts'
import { discrepancies, emptyTally, type Tally } from './tally.ts'

export type Churned = {
  readonly tally: Tally
  /** Processes, links, monitors and messages that are there in the end and were not before. */
  readonly left: number
}

/** Of each kind, begun together and waited for together. */
const batch = 500
/** Spawns, calls, monitors, timers, crashes. */
const kinds = 5
/** A timer that fires may take as long; what has not come then is lost. */
const patienceMs = 30_000
const cancelledTimerMs = 60_000

type Counter = { calls: { add: (by: number) => number; addLater: (by: number) => number } }
type Fragile = { casts: { fail: () => void } }
type Message = DownMessage | ExitMessage | { readonly tag: 'tick' } | { readonly tag: 'lost' }

const Counter = genServer<Counter>('churn.counter')({
  init: () => 0,
  calls: {
    add: (total, by) => reply(total + by, total + by),
    addLater: async (total, by) => reply(total + by, total + by),
  },
})

const Fragile = genServer<Fragile>('churn.fragile')({
  init: () => null,
  casts: { fail: (state) => stop('worn', state) },
})

const brief = process('churn.brief', async () => undefined)

const failing = process('churn.failing', async () => {
  throw new Error('worn')
})

/**
 * Performs `operations` of them, rounded up to whole batches, the last of which ends a tenth of the
 * run. `mark` is called before the first tenth and after each, when all is quiet.
 */
export function churn(
  node: LocalNode,
  operations: number,
  mark: (tenth: number) => Promise<void>,
): Promise<Churned> {
  return node.run(async (self) => {
    self.trapExit(true)
    const counter = await start(self, Counter)
    if (counter.tag !== 'ok') throw new Error(`the server did not start: ${counter.tag}`)
    const tally = emptyTally()
    const before = countOf(self, counter.pid)
    const batchesPerTenth = Math.ceil(operations / (batch * kinds * 10))
    await mark(0)
    for (let tenth = 1; tenth <= 10; tenth++) {
      for (let n = 0; n < batchesPerTenth; n++) await oneBatch(self, counter.pid, tally)
      await mark(tenth)
    }
    return { tally, left: countOf(self, counter.pid) - before }
  })
}

async function oneBatch(self: Self, counter: Ref<Counter>, tally: Tally): Promise<void> {
  for (let n = 0; n < batch; n++) {
    beginLife(self, counter, tally, n % 2 === 0)
    beginTimer(self, tally, n % 2 === 0)
    await beginCrash(self, tally, n % 2 === 0)
    const total = await call(self, counter, n % 2 === 0 ? 'add' : 'addLater', 1)
    tally.called++
    if (total === tally.called) tally.answered++
  }
  await allOver(self, tally)
}

function beginLife(self: Self, counter: Ref<Counter>, tally: Tally, toItsEnd: boolean): void {
  const pid = spawnLink(self, brief)
  tally.spawned++
  tally.monitored++
  if (toItsEnd) self.monitor(pid)
  else if (self.demonitor(self.monitor(counter))) tally.demonitored++
}

function beginTimer(self: Self, tally: Tally, toItsEnd: boolean): void {
  tally.timersSet++
  if (toItsEnd) self.sendAfter(1, self.pid, { tag: 'tick' })
  else if (self.cancelTimer(self.sendAfter(cancelledTimerMs, self.pid, { tag: 'tick' }))) {
    tally.cancelled++
  }
}

async function beginCrash(self: Self, tally: Tally, byThrow: boolean): Promise<void> {
  tally.crashed++
  if (byThrow) {
    spawnLink(self, failing)
    return
  }
  const fragile = await startLink(self, Fragile)
  if (fragile.tag === 'ok') cast(self, fragile.pid, 'fail')
}

/** Takes messages until each thing begun has had its end. Throws when one does not come. */
async function allOver(self: Self, tally: Tally): Promise<void> {
  const ends = (): number => tally.downs + tally.ended + tally.crashesSeen + tally.fired
  const begun =
    tally.monitored -
    tally.demonitored +
    tally.spawned +
    tally.crashed +
    tally.timersSet -
    tally.cancelled
  const lost = { timeoutMs: patienceMs, otherwise: { tag: 'lost' as const } }
  while (ends() < begun) {
    const message = await self.receive(isMessage, lost)
    if (message.tag === 'lost') throw new Error(`lost: ${discrepancies(tally).join('; ')}`)
    if (message.tag === 'tick') tally.fired++
    else if (message.tag === 'DOWN' && message.reason === 'normal') tally.downs++
    else if (message.tag === 'EXIT' && message.reason === 'normal') tally.ended++
    else if (message.tag === 'EXIT' && isWorn(message.reason)) tally.crashesSeen++
    else tally.strange++
  }
}

function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'tag' in message
}

function isWorn(reason: ExitMessage['reason']): boolean {
  return typeof reason === 'string' ? reason === 'worn' : reason.message === 'worn'
}

function countOf(self: Self, counter: Ref<Counter>): number {
  const tied = [self.pid, counter].map((pid) => {
    const info = processInfo(self, pid)
    if (info === undefined) throw new Error(`${String(pid)} has ended`)
    const { links, monitors, monitoredBy, messageQueueLength } = info
    return links.length + monitors.length + monitoredBy.length + messageQueueLength
  })
  return tied.reduce((sum, count) => sum + count, processes(self).length)
}
