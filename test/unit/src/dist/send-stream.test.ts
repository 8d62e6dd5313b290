import type { CarrierStream, StreamHandler } from '../../../../src/carrier/carrier.ts'
import { LargeBudget } from '../../../../src/dist/large-budget.ts'
import { fragmentFrame, streamKind } from '../../../../src/dist/protocol.ts'
import { SendStream } from '../../../../src/dist/send-stream.ts'
import { limits } from '../../../../src/limits.ts'
import { Body, FrameReader, Reassembly } from '../../../../src/wire/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('send stream')

type Arrival = { readonly type: number; readonly size: number; readonly mark: number | undefined }

/** A transport that takes what its window allows, and reads back what it was given. */
class Wire implements CarrierStream {
  readonly id = 2
  readonly kind = 'uni'
  handler: StreamHandler | undefined
  queuedBytes = 0
  writes = 0
  roomBytes = Number.POSITIVE_INFINITY
  readonly arrivals: Arrival[] = []
  readonly bodies: Uint8Array[] = []
  /** Fragments and whole frames as they came: 0 for a whole one, else the id of its message. */
  readonly pieces: number[] = []
  unfinishedMax = 0
  first: number | undefined
  readonly #reassembly: Reassembly
  readonly #reader: FrameReader

  constructor(reassembly = new Reassembly()) {
    this.#reassembly = reassembly
    this.#reader = new FrameReader({
      knows: () => true,
      onFrame: (type, body) => {
        if (type !== fragmentFrame) {
          this.pieces.push(0)
          this.#arrived(type, body)
          return
        }
        this.pieces.push(new DataView(body.buffer, body.byteOffset).getUint32(0))
        const result = this.#reassembly.push(body)
        if (result.tag === 'error') throw new Error(`the peer refuses: ${result.reason}`)
        if (result.tag === 'done') this.#arrived(result.type, result.body)
        this.unfinishedMax = Math.max(this.unfinishedMax, this.#reassembly.unfinished)
      },
    })
  }

  write(bytes: Uint8Array): boolean {
    this.writes++
    if (this.first === undefined) {
      this.first = bytes[0]
      this.#reader.push(bytes.subarray(1))
      return true
    }
    this.roomBytes -= bytes.length
    this.#reader.push(bytes)
    return this.roomBytes > 0
  }

  end(): void {}
  reset(): void {}
  pause(): void {}
  resume(): void {}

  #arrived(type: number, body: Uint8Array): void {
    this.bodies.push(body.slice())
    this.arrivals.push({ type, size: body.length, mark: body[0] })
  }
}

type Setup = { readonly wire: Wire; readonly stream: SendStream; readonly resets: number[] }

function setup(wire = new Wire(), budget = new LargeBudget()): Setup {
  const resets: number[] = []
  let id = 0
  const stream = new SendStream(wire, () => ++id, budget, {
    onReset: (code) => resets.push(code),
    onShrunk: () => undefined,
  })
  return { wire, stream, resets }
}

/** A body of `size` bytes whose first one is `mark`. */
function bytesOf(size: number, mark: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  bytes[0] = mark
  return bytes
}

function body(size: number, mark: number): Body {
  return new Body(bytesOf(size, mark))
}

const big = limits.distFragmentBytes * 4

test('it begins with its kind', () => {
  assert.is(setup().wire.first, streamKind.data)
})

test('frames of a turn leave in one write, in order', () => {
  const { wire, stream } = setup()
  const before = wire.writes
  for (let n = 0; n < 100; n++) stream.append(n % 3, 10, body(20, n))
  assert.is(wire.writes, before, 'nothing before the flush')
  stream.flush()
  assert.is(wire.writes, before + 1)
  assert.equal(
    wire.arrivals.map(({ mark }) => mark),
    Array.from({ length: 100 }, (_, n) => n),
  )
})

test('a flush with nothing to send writes nothing', () => {
  const { wire, stream } = setup()
  const before = wire.writes
  stream.flush()
  stream.flush()
  assert.is(wire.writes, before)
})

test('bodies are copied: what the sender changes afterwards does not travel', () => {
  const { wire, stream } = setup()
  for (const size of [10, big]) {
    const bytes = bytesOf(size, 1)
    stream.append(1, 10, new Body(bytes))
    bytes.fill(9)
  }
  stream.append(1, 10, body(5, 2))
  stream.flush()
  assert.equal(
    wire.arrivals.map(({ mark }) => mark),
    [1, 1, 2],
  )
})

test("a sender's frames stay behind its large message, other senders' do not", () => {
  const { wire, stream } = setup()
  stream.append(1, 10, body(big, 1))
  stream.append(1, 11, body(5, 2))
  stream.append(2, 12, body(5, 3))
  stream.append(1, 13, body(big, 4))
  stream.append(1, 14, body(5, 5))
  stream.append(2, 15, body(5, 6))
  stream.flush()
  const order = wire.arrivals.map(({ mark }) => mark)
  assert.equal(
    order.filter((mark) => [1, 2, 4, 5].includes(mark ?? 0)),
    [1, 2, 4, 5],
  )
  assert.equal(
    order.filter((mark) => [3, 6].includes(mark ?? 0)),
    [3, 6],
  )
  assert.ok(order.indexOf(6) < order.indexOf(1), 'the small ones do not wait')
  assert.equal(wire.arrivals.map(({ type }) => type).sort(), [10, 11, 12, 13, 14, 15])
})

test('three large messages in a row of one sender keep their order', () => {
  const { wire, stream } = setup()
  for (let n = 1; n <= 3; n++) {
    stream.append(1, 10, body(big, n * 10))
    stream.append(1, 10, body(1, n * 10 + 1))
  }
  stream.flush()
  assert.equal(
    wire.arrivals.map(({ mark }) => mark),
    [10, 11, 20, 21, 30, 31],
  )
})

test('large messages of several senders take turns', () => {
  const { wire, stream } = setup()
  for (let sender = 1; sender <= 3; sender++) stream.append(sender, 10, body(big, sender))
  stream.flush()
  assert.equal(wire.pieces, [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3])
})

test('what comes while a large message is under way goes between its pieces', () => {
  const { wire, stream } = setup()
  wire.roomBytes = limits.distFragmentBytes
  stream.append(1, 10, body(big, 1))
  stream.flush()
  stream.append(2, 10, body(5, 2))
  stream.flush()
  assert.equal(wire.pieces, [1], 'blocked')
  wire.roomBytes = Number.POSITIVE_INFINITY
  stream.onDrain()
  assert.equal(wire.pieces, [1, 1, 0, 1, 1])
})

test('many small frames of one sender do not hold up those of another', () => {
  const { wire, stream } = setup()
  wire.roomBytes = 1
  for (let n = 0; n < 20_000; n++) stream.append(1, 10, body(100, 1))
  stream.append(2, 10, body(100, 2))
  stream.flush()
  wire.roomBytes = Number.POSITIVE_INFINITY
  stream.onDrain()
  const at = wire.arrivals.findIndex(({ mark }) => mark === 2)
  assert.is(wire.arrivals.length, 20_001)
  assert.ok(at > 0 && at < 2_000, `it came after ${at} others`)
})

test('a byte array that is apart goes between what is around it, whole or in fragments', () => {
  for (const size of [limits.wireApartBytes, big]) {
    const { wire, stream } = setup()
    const bytes = bytesOf(size, 7)
    const around = Uint8Array.of(1, 2, 3, 4)
    stream.append(1, 10, new Body(around, [{ at: 2, bytes, length: size }]))
    around.fill(9)
    stream.append(1, 11, body(1, 5))
    stream.flush()
    assert.equal(
      wire.arrivals.map(({ type, size: length, mark }) => [type, length, mark]),
      [
        [10, size + 4, 1],
        [11, 1, 5],
      ],
    )
    assert.equal([...wire.bodies[0]!.subarray(0, 4)], [1, 2, 7, 0])
    assert.equal([...wire.bodies[0]!.subarray(-2)], [3, 4])
  }
})

test('memory that its owner gives away meanwhile leaves as zeros, and breaks nothing', () => {
  const { wire, stream } = setup()
  wire.roomBytes = 1
  const bytes = bytesOf(big, 7)
  stream.append(1, 10, new Body(new Uint8Array(0), [{ at: 0, bytes, length: big }]))
  stream.append(1, 11, body(1, 5))
  stream.flush()
  structuredClone(bytes, { transfer: [bytes.buffer] })
  assert.is(bytes.length, 0)
  wire.roomBytes = Number.POSITIVE_INFINITY
  stream.onDrain()
  assert.equal(
    wire.arrivals.map(({ type, size }) => [type, size]),
    [
      [10, big],
      [11, 1],
    ],
  )
})

test('a full transport is given nothing until it drains, and then everything', () => {
  const { wire, stream } = setup()
  wire.roomBytes = 1
  let sent = 0
  for (let n = 0; n < 50; n++) {
    stream.append(n, 10, body(n % 5 === 0 ? big : 100, n))
    sent++
    stream.flush()
  }
  const stopped = wire.writes
  stream.flush()
  assert.is(wire.writes, stopped)
  while (wire.arrivals.length < sent) {
    wire.roomBytes = 1000
    stream.onDrain()
  }
  assert.is(wire.arrivals.length, sent)
  assert.is(stream.queuedBytes, 0)
})

test('bytes that wait are counted, exactly until they are gone', () => {
  const { wire, stream } = setup()
  wire.roomBytes = 0
  stream.append(9, 10, body(1, 0))
  stream.flush()
  const sizes = [10, big, 20, big, big + 1, 30]
  for (const size of sizes) stream.append(1, 10, body(size, 1))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  assert.ok(stream.queuedBytes >= total && stream.queuedBytes <= total + 100, 'and a few headers')
  wire.roomBytes = Number.POSITIVE_INFINITY
  stream.onDrain()
  assert.is(stream.queuedBytes, 0)
  assert.is(wire.arrivals.length, sizes.length + 1)
})

test('a message of exactly a fragment is not cut, one byte more is', () => {
  const { wire, stream } = setup()
  stream.append(1, 10, body(limits.distFragmentBytes, 1))
  stream.append(1, 10, body(limits.distFragmentBytes + 1, 2))
  stream.flush()
  assert.equal(wire.pieces, [0, 1, 1])
})

test('a reset by the peer is told, with its code', () => {
  const { stream, resets } = setup()
  stream.onReset(7)
  assert.equal(resets, [7])
})

test('more large messages than the peer would hold wait for those before them', () => {
  const { wire, stream } = setup()
  wire.roomBytes = 1
  const messages = limits.distUnfinishedMessagesMax + 200
  for (let n = 0; n < messages; n++) stream.append(n, 10, body(limits.distFragmentBytes + 1, 1))
  stream.flush()
  while (wire.arrivals.length < messages) {
    wire.roomBytes = limits.distFragmentBytes * 10
    stream.onDrain()
  }
  assert.ok(wire.unfinishedMax > 1 && wire.unfinishedMax < limits.distUnfinishedMessagesMax)
})

test('the budget is one for all streams of a channel: nobody waits for ever', () => {
  const reassembly = new Reassembly()
  const budget = new LargeBudget(big * 3, 4)
  let id = 0
  const lanes = Array.from({ length: 4 }, () => {
    const wire = new Wire(reassembly)
    const stream = new SendStream(wire, () => ++id, budget, {
      onReset: () => undefined,
      onShrunk: () => undefined,
    })
    return { wire, stream }
  })
  for (const { wire } of lanes) wire.roomBytes = 1
  for (let n = 0; n < 40; n++) {
    const lane = lanes[n % 4]
    lane?.stream.append(n, 10, body(n === 7 ? big * 9 : big, 1))
    lane?.stream.flush()
  }
  const arrived = () => lanes.reduce((sum, { wire }) => sum + wire.arrivals.length, 0)
  for (let round = 0; arrived() < 40; round++) {
    const lane = lanes[round % 4]
    if (lane === undefined || round > 10_000) throw new Error('it stands still')
    lane.wire.roomBytes = big
    lane.stream.onDrain()
  }
  assert.is(arrived(), 40)
  assert.ok(lanes.every(({ wire }) => wire.unfinishedMax <= 4))
})

test.run()
