import { seededRandom } from '../../../../../runtime/platform/sim.ts'
import {
  isBesideQuic,
  readProbePacket,
  writeAnswer,
  writeProbe,
} from '../../../../../src/carrier/quic/probe-packet.ts'
import { readNotice, writeNotice } from '../../../../../src/carrier/quic/reset-notice.ts'
import {
  ResetTokens,
  resetTokenKey,
  tokenNumber,
} from '../../../../../src/carrier/quic/reset-token.ts'
import { limits } from '../../../../../src/limits.ts'
import { assert, suite, useSeed } from '../../../../support/harness.ts'

const test = suite('quic packets beside connections')
const random = seededRandom(4)
const local = { host: '127.0.0.1', port: 4433 }
const id = random.bytes(8)

test('a reset token is its maker and its id, and nothing else', () => {
  const tokens = new ResetTokens('a key', local)
  assert.equal(new ResetTokens('a key', local).tokenOf(id), tokens.tokenOf(id))
  const others = [
    new ResetTokens('another key', local).tokenOf(id),
    new ResetTokens('a key', { ...local, port: 4434 }).tokenOf(id),
    new ResetTokens('a key', { ...local, host: '127.0.0.2' }).tokenOf(id),
    tokens.tokenOf(random.bytes(8)),
  ]
  for (const other of others) assert.not.equal(other, tokens.tokenOf(id))
  assert.is(tokens.tokenOf(id).length, 16)
})

test('a reset looks like a packet, ends in the token and is smaller than its cause', () => {
  const tokens = new ResetTokens('a key', local)
  for (let size = 9; size < 100; size++) {
    const packet = Buffer.concat([Buffer.of(0x4f), id, random.bytes(size - 9)])
    const answer = tokens.answerTo(packet, random.bytes)
    if (size < 22) {
      assert.is(answer, undefined)
      continue
    }
    assert.ok(answer !== undefined && answer.length >= 21 && answer.length < size)
    assert.is(answer[0]! & 0xc0, 0x40)
    assert.is(resetTokenKey(answer), tokens.tokenOf(id).toString('latin1'))
  }
  assert.is(resetTokenKey(Buffer.alloc(20)), undefined)
})

test('a token is a number of 128 bits, leading zeros and all', () => {
  assert.is(tokenNumber(Buffer.alloc(16, 0xff)), 2n ** 128n - 1n)
  assert.is(tokenNumber(Buffer.concat([Buffer.alloc(15), Buffer.of(5)])), 5n)
})

test('notices carry tokens, and anything else is none', () => {
  useSeed(4)
  const tokens = Array.from({ length: limits.carrierPeerResetTokensMax + 3 }, () =>
    random.bytes(16),
  )
  const keys = tokens.map((token) => Buffer.from(token).toString('latin1'))
  assert.equal(readNotice(writeNotice(tokens.slice(0, 3))), keys.slice(0, 3))
  assert.equal(readNotice(writeNotice(tokens)), keys.slice(0, limits.carrierPeerResetTokensMax))
  const one = writeNotice(tokens.slice(0, 1))
  const tooMany = Buffer.concat([Buffer.of(1), ...tokens])
  for (const bad of [new Uint8Array(0), one.subarray(0, 16), Buffer.of(1), tooMany]) {
    assert.equal(readNotice(bad), [])
  }
  for (let count = 0; count < 2000; count++) {
    const read = readNotice(random.bytes(Math.floor(random.unit() * 200)))
    assert.ok(read.length <= limits.carrierPeerResetTokensMax)
  }
})

test('probes and answers are told from QUIC and from each other', () => {
  const nonce = random.bytes(8)
  const out = Buffer.alloc(2000, 0xff)
  writeProbe(out, 1400, id, nonce)
  const probe = out.subarray(0, 1400)
  assert.is(isBesideQuic(probe), true)
  const read = readProbePacket(probe)
  assert.equal(read, {
    tag: 'probe',
    key: Buffer.from(id).toString('latin1'),
    nonce: Buffer.from(nonce),
  })
  assert.is(out[1400], 0xff)
  const answer = Buffer.from(out.subarray(0, writeAnswer(out, nonce)))
  assert.is(isBesideQuic(answer), true)
  assert.equal(readProbePacket(answer), {
    tag: 'answer',
    nonceKey: Buffer.from(nonce).toString('latin1'),
  })
  for (const first of [0x40, 0x7f, 0xc0, 0xff, 0x80]) {
    assert.is(isBesideQuic(Buffer.of(first)), false)
  }
  for (const bad of [probe.subarray(0, 16), Buffer.concat([answer, answer]), Buffer.alloc(20)]) {
    assert.is(readProbePacket(bad), undefined)
  }
})

test.run()
