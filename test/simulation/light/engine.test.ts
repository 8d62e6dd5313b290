/** The light engine: order, chance, death, pauses, channels, and the return to a moment. */
import { assert, suite } from '../../support/harness.ts'
import { type FailReason, type Layer, LightEngine, type Port } from './engine.ts'
import { EventHeap } from './event-heap.ts'
import { nodeRandoms } from './node-random.ts'
import type { Transport } from './transport.ts'

const test = suite('light simulation: engine')

/** Writes down what it is told. */
class Scribe implements Layer<string, string> {
  lines: string[] = []
  answer: ((node: number, from: number, message: string) => void) | undefined
  readonly #engine: LightEngine

  constructor(engine: LightEngine) {
    this.#engine = engine
  }

  onMessage(node: number, from: number, message: string): void {
    this.#write(`${node} <- ${from} ${message}`)
    this.answer?.(node, from, message)
  }

  onTimer(node: number, timer: string): void {
    this.#write(`${node} timer ${timer}`)
  }

  onConnected(node: number, peer: number): void {
    this.#write(`${node} connected ${peer}`)
  }

  onFailed(node: number, peer: number, reason: FailReason): void {
    this.#write(`${node} failed ${peer} ${reason}`)
  }

  #write(line: string): void {
    this.lines.push(`${this.#engine.nowMs} ${line}`)
  }
}

function setUp(transport: Partial<Transport> = {}): {
  engine: LightEngine
  scribe: Scribe
  port: Port<string, string>
} {
  const engine = new LightEngine(5, 1, transport)
  const scribe = new Scribe(engine)
  return { engine, scribe, port: engine.addLayer(scribe) }
}

const slow = { latencyMs: () => 10 }

test('the heap gives items by time, and by order of setting where times are equal', () => {
  const random = nodeRandoms(11, 1)[0]!
  const heap = new EventHeap<{ timeMs: number; order: number }>()
  const wanted: { timeMs: number; order: number }[] = []
  for (let order = 0; order < 5_000; order++) {
    const item = { timeMs: Math.floor(random.unit() * 300), order }
    heap.push(item.timeMs, -1, item)
    wanted.push(item)
  }
  wanted.sort((a, b) => a.timeMs - b.timeMs || a.order - b.order)
  const twin = heap.copy()
  for (const [at, item] of wanted.entries()) {
    assert.is(heap.size, wanted.length - at)
    assert.is(heap.nextMs(0), Math.max(0, item.timeMs))
    assert.is(heap.pop(1_000), item)
  }
  assert.is(heap.pop(1_000), undefined)
  assert.is(heap.nextMs(0), Number.POSITIVE_INFINITY)
  assert.is(twin.size, wanted.length, 'a copy is not emptied with the original')
})

test('what is due at once goes behind what was set for this time earlier', () => {
  const heap = new EventHeap<string>()
  heap.push(5, 0, 'set earlier')
  heap.push(6, 0, 'later')
  heap.push(5, 5, 'at once')
  heap.push(4, 5, 'at once too')
  assert.throws(() => heap.copy(), /due/)
  const popped = [heap.pop(5), heap.pop(5), heap.pop(5), heap.pop(6)]
  assert.equal(popped, ['set earlier', 'at once', 'at once too', 'later'])
})

test('messages take their latency, timers their time, and equal times keep their order', () => {
  const { engine, scribe, port } = setUp(slow)
  port.setTimer(2, 't', 'tick', 10)
  port.send(0, 1, 'a')
  port.send(0, 1, 'b')
  engine.runUntil(9)
  assert.equal(scribe.lines, [])
  engine.runUntil(10)
  assert.equal(scribe.lines, ['10 2 timer tick', '10 1 <- 0 a', '10 1 <- 0 b'])
  assert.is(engine.sent, 2)
  assert.is(engine.happened, 3)
})

test('a timer set again under its key replaces the first; a cancelled one never fires', () => {
  const { engine, scribe, port } = setUp()
  port.setTimer(0, 'a', 'first', 5)
  port.setTimer(0, 'a', 'second', 8)
  port.setTimer(0, 'b', 'never', 3)
  port.setTimer(1, 'b', 'other node', 3)
  port.cancelTimer(0, 'b')
  engine.runUntil(100)
  assert.equal(scribe.lines, ['3 1 timer other node', '8 0 timer second'])
})

test('what is sent to the dead comes back as a failure, one round trip later', () => {
  const { engine, scribe, port } = setUp(slow)
  engine.kill(1)
  port.send(0, 1, 'a')
  port.setTimer(1, 't', 'of the dead', 1)
  engine.runUntil(100)
  assert.equal(scribe.lines, ['20 0 failed 1 nodedown'])
})

test('without detection on send only the harness tells', () => {
  const { engine, scribe, port } = setUp({ detection: 'never' })
  engine.kill(1)
  port.send(0, 1, 'a')
  engine.settle()
  assert.equal(scribe.lines, [])
  engine.failChannel(0, 1)
  engine.settle()
  assert.equal(scribe.lines, ['0 0 failed 1 nodedown'])
})

test('connecting is answered after a round trip, by what the other then is', () => {
  const { engine, scribe, port } = setUp({ ...slow, loses: (_, to) => to === 3 })
  port.connect(0, 1)
  port.connect(0, 2)
  port.connect(0, 3)
  engine.runUntil(5)
  engine.kill(2)
  engine.runUntil(100)
  const failed = (peer: number): string => `20 0 failed ${peer} connectFailed`
  assert.equal(scribe.lines, ['20 0 connected 1', failed(2), failed(3)])
})

test('with tracked channels nothing is sent to whom no channel stands, either way', () => {
  const { engine, scribe, port } = setUp({ channels: 'tracked' })
  port.send(0, 1, 'too early')
  port.connect(0, 1)
  engine.settle()
  port.send(1, 0, 'back')
  engine.settle()
  assert.equal(scribe.lines, ['0 0 connected 1', '0 0 <- 1 back'])
  assert.is(engine.unsent, 1)
})

test('a paused node is told late, in order', () => {
  const { engine, scribe, port } = setUp(slow)
  engine.pause(1, 50)
  port.send(0, 1, 'a')
  port.setTimer(1, 't', 'tick', 20)
  port.send(0, 2, 'b')
  engine.runUntil(100)
  assert.equal(scribe.lines, ['10 2 <- 0 b', '50 1 <- 0 a', '50 1 timer tick'])
})

test('from a moment a run goes on as often as asked, by chance or the same', () => {
  const { engine, scribe, port } = setUp()
  port.setTimer(0, 't', 'tick', 10)
  engine.runUntil(4)
  const moment = engine.moment()
  const run = (seed: number): string[] => {
    engine.returnTo(moment, seed)
    scribe.lines = []
    engine.kill(2)
    port.send(0, 1, `${engine.random(0).unit()}`)
    port.setTimer(0, 't', 'again', 20)
    engine.runUntil(30)
    return scribe.lines
  }
  const first = run(1)
  assert.is(first.length, 2)
  assert.equal(run(1), first)
  assert.not.equal(run(2), first)
  engine.returnTo(moment, 1)
  assert.is(engine.nowMs, 4)
  assert.is(engine.alive(2), true)
  scribe.lines = []
  engine.runUntil(30)
  assert.equal(scribe.lines, ['10 0 timer tick'])
})

test('names and numbers of nodes belong together', () => {
  const { engine } = setUp()
  for (const [node, name] of engine.names.entries()) assert.is(engine.indexOf(name), node)
  assert.is(engine.indexOf('nobody@nowhere'), -1)
  engine.kill(3)
  assert.equal(engine.living(), [0, 1, 2, 4])
})

test('the sources of chance differ between nodes and seeds, and draw evenly', () => {
  const [a, b] = [nodeRandoms(5, 2), nodeRandoms(6, 2)]
  const firsts = [...a, ...b].map((random) => random.unit())
  assert.is(new Set(firsts).size, 4)
  const counts = new Array<number>(10).fill(0)
  for (let at = 0; at < 10_000; at++) counts[Math.floor(a[0]!.unit() * 10)]!++
  for (const count of counts) assert.ok(count > 850 && count < 1_150, `${counts}`)
  assert.is(a[0]!.bytes(7).length, 7)
})

test.run()
