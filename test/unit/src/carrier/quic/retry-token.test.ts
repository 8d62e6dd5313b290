import { seededRandom } from '../../../../../runtime/platform/sim.ts'
import { RetryTokens } from '../../../../../src/carrier/quic/retry-token.ts'
import { assert, suite, useSeed } from '../../../../support/harness.ts'

const test = suite('quic retry token')
const random = seededRandom(1)
const peer = { host: '10.0.0.1', port: 4433 }
const originalId = random.bytes(16)
const newId = random.bytes(8)
const tokens = new RetryTokens(random.bytes(32))

test('a token gives the original id back until it expires', () => {
  const token = tokens.mint(peer, originalId, newId, 1000)
  assert.equal([...tokens.open(token, peer, newId, 1000)!], [...originalId])
  assert.ok(tokens.open(token, peer, newId, 11_000))
  assert.is(tokens.open(token, peer, newId, 11_001), undefined)
})

test('a token is for one address, one id, one endpoint', () => {
  const token = tokens.mint(peer, originalId, newId, 0)
  assert.is(tokens.open(token, { ...peer, port: 4434 }, newId, 0), undefined)
  assert.is(tokens.open(token, { ...peer, host: '10.0.0.2' }, newId, 0), undefined)
  assert.is(tokens.open(token, peer, random.bytes(8), 0), undefined)
  assert.is(new RetryTokens(random.bytes(32)).open(token, peer, newId, 0), undefined)
})

test('no changed, cut or random token opens', () => {
  useSeed(1)
  const token = tokens.mint(peer, originalId, newId, 0)
  for (let at = 0; at < token.length; at++) {
    const changed = Uint8Array.from(token)
    changed[at] = changed[at]! ^ (1 << (at % 8))
    assert.is(tokens.open(changed, peer, newId, 0), undefined, `byte ${at}`)
    assert.is(tokens.open(token.subarray(0, at), peer, newId, 0), undefined, `cut at ${at}`)
  }
  for (let size = 0; size < 200; size++) {
    assert.is(tokens.open(random.bytes(size), peer, newId, 0), undefined)
  }
})

test.run()
