/** Frames through every cut of the stream, and everything a header may lie about. */
import fc from 'fast-check'
import { limits } from '../../../../src/limits.ts'
import { FrameReader, FrameWriter, frameOverheadBytes } from '../../../../src/wire/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('frame')

type Frame = { readonly type: number; readonly body: Uint8Array }

const known = (type: number) => type < 100

function collector() {
  const frames: Frame[] = []
  const reader = new FrameReader({
    knows: known,
    // The body is borrowed, so it is copied, and what it was is no longer looked at.
    onFrame: (type, body) => frames.push({ type, body: body.slice() }),
  })
  return { frames, reader }
}

function written(frames: readonly Frame[]): Uint8Array {
  const writer = new FrameWriter()
  for (const { type, body } of frames) assert.ok(writer.append(type, body))
  return Buffer.concat(writer.take())
}

function header(length: number, type: number): Uint8Array {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt32BE(length)
  bytes[4] = type
  return bytes
}

const frameArbitrary = fc.record(
  {
    type: fc.nat(99),
    body: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ maxLength: 700 })),
  },
  { noNullPrototype: true },
)

test('the layout', () => {
  const batch = written([
    { type: 1, body: Uint8Array.of(0xaa, 0xbb) },
    { type: 2, body: new Uint8Array(0) },
  ])
  assert.is(Buffer.from(batch).toString('hex'), '0000000301aabb0000000102')
})

test('every cut into two gives the same frames', () => {
  const frames = [3, 0, 1, 40].map((size, type) => ({
    type,
    body: new Uint8Array(size).fill(type + 1),
  }))
  const stream = written(frames)
  for (let cut = 0; cut <= stream.length; cut += 1) {
    for (const bytes of [stream, Buffer.from(stream)]) {
      const { frames: got, reader } = collector()
      assert.is(reader.push(bytes.subarray(0, cut)), undefined)
      assert.is(reader.push(bytes.subarray(cut)), undefined)
      assert.equal(got, frames)
      assert.is(reader.heldBytes, 0)
    }
  }
})

test('any cut into any number of chunks gives the same frames', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 })
  fc.assert(
    fc.property(fc.array(frameArbitrary, { maxLength: 8 }), sizes, (frames, cuts) => {
      const stream = written(frames)
      const { frames: got, reader } = collector()
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const chunk = stream.slice(at, at + cuts[turn % cuts.length]!)
        at += chunk.length
        if (reader.push(chunk) !== undefined) return false
        chunk.fill(0xff)
      }
      assert.equal(got, frames)
      return reader.heldBytes === 0
    }),
  )
})

test('a frame whole within a chunk is passed without copying', () => {
  const stream = written([{ type: 5, body: Uint8Array.of(1, 2, 3) }])
  let seen: ArrayBufferLike | undefined
  new FrameReader({
    knows: known,
    onFrame: (_type, body) => {
      seen = body.buffer
    },
  }).push(stream)
  assert.is(seen, stream.buffer)
})

test('a head is put before the body', () => {
  const writer = new FrameWriter()
  assert.ok(writer.append(7, Uint8Array.of(3), Uint8Array.of(1, 2)))
  assert.is(writer.length, 8)
  assert.is(Buffer.from(Buffer.concat(writer.take())).toString('hex'), '0000000407010203')
  assert.is(writer.length, 0)
  assert.is(Buffer.concat(writer.take()).length, 0)
})

test('a batch belongs to its taker, whatever is written after it', () => {
  const writer = new FrameWriter()
  const sizes = [1, 3000, 20, 3000, 3000, 9000, 5, 40_000, 1, 8000, 200]
  const batches = sizes.map((size, type) => {
    const body = new Uint8Array(size).fill(type)
    assert.ok(writer.append(type, body))
    assert.ok(writer.append(99, body.subarray(0, 1)))
    body.fill(0xee)
    return Buffer.concat(writer.take())
  })
  batches.forEach((batch, type) => {
    const { frames, reader } = collector()
    assert.is(reader.push(batch), undefined)
    assert.equal(frames, [
      { type, body: new Uint8Array(sizes[type]!).fill(type) },
      { type: 99, body: Uint8Array.of(type) },
    ])
  })
})

test('many frames in one batch', () => {
  const writer = new FrameWriter()
  const body = new Uint8Array(100).fill(3)
  for (let count = 0; count < 1000; count += 1) writer.append(count % 100, body)
  assert.is(writer.length, 105_000)
  const { frames, reader } = collector()
  reader.push(Buffer.concat(writer.take()))
  assert.is(frames.length, 1000)
  assert.equal(frames[999], { type: 99, body })
  writer.append(1, body)
  assert.ok(Buffer.concat(writer.take()).buffer.byteLength < 20_000, 'a large area is let go')
})

test('the largest frame passes, a larger one is not written', () => {
  const writer = new FrameWriter()
  const largest = new Uint8Array(limits.distFrameMaxBytes - frameOverheadBytes)
  assert.not(writer.append(1, largest, Uint8Array.of(0)))
  assert.is(writer.length, 0)
  assert.ok(writer.append(1, largest))
  const { frames, reader } = collector()
  const stream = Buffer.concat(writer.take())
  assert.is(reader.push(stream.subarray(0, 100)), undefined)
  assert.is(reader.push(stream.subarray(100)), undefined)
  assert.is(frames[0]?.body.length, largest.length)
})

test('an oversize, empty or unknown frame ends the stream, at every cut', () => {
  const over = limits.distFrameMaxBytes - 3
  const cases = [
    { bytes: header(over, 1), error: { tag: 'error', reason: 'oversize', got: over } },
    { bytes: header(0xffffffff, 1), error: { tag: 'error', reason: 'oversize', got: 0xffffffff } },
    { bytes: header(0, 1), error: { tag: 'error', reason: 'empty', got: 0 } },
    { bytes: header(1, 100), error: { tag: 'error', reason: 'type', got: 100 } },
    { bytes: header(9, 255), error: { tag: 'error', reason: 'type', got: 255 } },
  ]
  const good = written([{ type: 1, body: Uint8Array.of(1) }])
  for (const { bytes, error } of cases) {
    const stream = Buffer.concat([good, bytes, good, good])
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const { frames, reader } = collector()
      const early = reader.push(stream.subarray(0, cut))
      const late = reader.push(stream.subarray(cut))
      if (early !== undefined) assert.equal(early, error)
      assert.equal(late, error)
      assert.is(frames.length, 1)
      assert.is(reader.heldBytes, 0)
      assert.equal(reader.push(good), error)
      assert.is(frames.length, 1)
    }
  }
})

test('a large declared length holds only what arrived', () => {
  const { frames, reader } = collector()
  reader.push(header(limits.distFrameMaxBytes - 4, 1))
  for (let sent = 0; sent < 1000; sent += 1) reader.push(Uint8Array.of(sent))
  assert.is(reader.heldBytes, 1005)
  assert.is(frames.length, 0)
  reader.stop()
  assert.is(reader.heldBytes, 0)
})

test('stop from within a frame ends the delivery of the rest', () => {
  let count = 0
  const reader: FrameReader = new FrameReader({
    knows: known,
    onFrame: () => {
      count += 1
      if (count === 2) reader.stop()
    },
  })
  const stream = written([1, 2, 3, 4].map((type) => ({ type, body: Uint8Array.of(type) })))
  assert.is(reader.push(stream), undefined)
  assert.is(reader.push(stream), undefined)
  assert.is(count, 2)
})

test('random bytes end in frames or an error, never in an exception', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 10 }), (chunks) => {
      const { reader } = collector()
      let ended = false
      for (const chunk of chunks) {
        const error = reader.push(chunk)
        if (ended && error === undefined) return false
        ended = error !== undefined
      }
      return reader.heldBytes <= chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    }),
    { numRuns: 500 },
  )
})

test.run()
