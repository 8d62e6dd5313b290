/**
 * A thousand actors that flood each other, half of them servers and half async processes, and what
 * the same thread still does for the rest of the program meanwhile: a host timer of 1 ms, and an
 * echo over TCP.
 *
 * Every message an actor gets makes it send one to an actor drawn at random, so 20,000 messages
 * are on their way all the time and the node never idles. A window counts only if messages arrived
 * during it, and if in the end none was lost. How often the system gave the processor to somebody
 * else meanwhile is told beside the result: on a busy machine that is what is measured.
 */
import { type Pid, process, type Self, spawn } from '../../../runtime/index.ts'
import { genServer, next, start } from '../../../stdlib/index.ts'
import { quantile } from '../median.ts'
import type { Sample } from '../row.ts'
import { endAll } from './crowds.ts'
import { echoTimes } from './echo.ts'
import type { Workload } from './workload.ts'

const actors = 1000
const messagesPerActor = 20
const timerMs = 1
/** Turns of the event loop that the last messages get to arrive in; one or two are enough. */
const settlingTurns = 1000

export const timerUnderFlood: Workload = (node, operations) =>
  node.run((self) => underFlood(self, () => timerLateness(operations)))

export const echoUnderFlood: Workload = (node, operations) =>
  node.run((self) => underFlood(self, () => echoTimes(operations)))

/** `measure` gives milliseconds, one for each thing it has seen happen. */
async function underFlood(self: Self, measure: () => Promise<number[]>): Promise<Sample> {
  const flood = new Flood()
  await flood.start(self)
  const { received } = flood
  const preempted = preemptions()
  const startMs = performance.now()
  const seenMs = await self.wait(measure())
  const windowMs = performance.now() - startMs
  const messages = flood.received - received
  const preemptedMeanwhile = preemptions() - preempted
  const whole = await flood.end(self)
  return {
    value: quantile(seenMs, 0.99),
    arrived: messages > 0 && whole ? seenMs.length : -1,
    detail: {
      messages,
      messagesPerSecond: Math.round((messages / windowMs) * 1000),
      p50Ms: quantile(seenMs, 0.5),
      maxMs: quantile(seenMs, 1),
      preemptions: preemptedMeanwhile,
    },
  }
}

function preemptions(): number {
  return globalThis.process.resourceUsage().involuntaryContextSwitches
}

class Flood {
  received = 0
  #sent = 0
  #open = true
  #pids: Pid[] = []
  #draw = 1

  async start(self: Self): Promise<void> {
    const server = genServer('bench.flood-server')({
      init: () => null,
      info: (state, _, me) => {
        this.#pass(me)
        return next(state)
      },
    })
    const body = process('bench.flood-process', async (me) => {
      for (;;) {
        await me.receive()
        this.#pass(me)
      }
    })
    for (let n = 0; n < actors / 2; n++) {
      const started = await start(self, server)
      if (started.tag !== 'ok') throw new Error(`a server did not start: ${started.tag}`)
      this.#pids.push(started.pid, spawn(self, body))
    }
    for (let n = 0; n < actors * messagesPerActor; n++) this.#send(self)
    // The measurement begins when all is under way.
    while (this.received < actors * messagesPerActor) await self.yield()
  }

  /** Lets what is on its way arrive; true when all of it has. */
  async end(self: Self): Promise<boolean> {
    this.#open = false
    for (let turn = 0; turn < settlingTurns && this.received < this.#sent; turn++) {
      await self.yield()
    }
    endAll(self)
    return this.received === this.#sent
  }

  #pass(self: Self): void {
    this.received++
    if (this.#open) this.#send(self)
  }

  #send(self: Self): void {
    this.#draw = (Math.imul(this.#draw, 1_103_515_245) + 12_345) & 0x7fffffff
    const to = this.#pids[(this.#draw >>> 8) % actors]
    if (to === undefined) throw new Error('the flood has not started')
    self.send(to, { number: ++this.#sent })
  }
}

/** How much later than a millisecond after it was set each of `firings` timers fired. */
function timerLateness(firings: number): Promise<number[]> {
  return new Promise((resolve) => {
    const lateMs: number[] = []
    let setMs = performance.now()
    const fire = (): void => {
      const nowMs = performance.now()
      lateMs.push(nowMs - setMs - timerMs)
      setMs = nowMs
      if (lateMs.length < firings) setTimeout(fire, timerMs)
      else resolve(lateMs)
    }
    setTimeout(fire, timerMs)
  })
}
