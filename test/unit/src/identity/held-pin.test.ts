/** Pins of nodes that a node starts itself: in memory, for a while, and over nobody else's. */
import { nodePlatform } from '../../../../runtime/platform/node.ts'
import { type SimDisk, simStorage } from '../../../../runtime/platform/sim-storage.ts'
import { openTrustStore, type TrustStore } from '../../../../src/identity/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('held pins')

const key = new Uint8Array(32).fill(1)
const other = new Uint8Array(32).fill(2)

async function opened(disk: SimDisk = new Map(), pinsMax = 10): Promise<TrustStore> {
  const { clock } = nodePlatform()
  const result = await openTrustStore({ storage: simStorage(disk), clock, dir: 'keys', pinsMax })
  if (result.tag === 'error') throw new Error(result.message)
  return result.store
}

test('a held key is trusted until it is released, and never stored', async () => {
  const disk: SimDisk = new Map()
  const store = await opened(disk)
  assert.equal(await store.holdKey('w@h', key), { tag: 'ok' })
  assert.ok(await store.isTrusted('w@h', key))
  assert.not.ok(await store.isTrusted('w@h', other))
  assert.is(disk.size, 0)
  store.releaseKey('w@h')
  assert.equal(await store.lookupPin('w@h'), { tag: 'notPinned' })
})

test('a name that has a pin is not held, and keeps it', async () => {
  const store = await opened()
  await store.storeKey('w@h', other)
  const refused = await store.holdKey('w@h', key)
  assert.is(refused.tag === 'error' ? refused.reason : refused.tag, 'keyMismatch')
  assert.ok(await store.isTrusted('w@h', other))
  await store.holdKey('v@h', key)
  const twice = await store.holdKey('v@h', key)
  assert.is(twice.tag, 'error', 'held by another already')
})

test('releasing leaves the operator’s file where it is', async () => {
  const store = await opened()
  await store.holdKey('w@h', key)
  await store.storeKey('w@h', other)
  store.releaseKey('w@h')
  assert.ok(await store.isTrusted('w@h', other))
})

test('bad arguments and a full store are refused', async () => {
  const store = await opened(new Map(), 1)
  const reasonOf = async (node: string, publicKey: Uint8Array): Promise<string> => {
    const result = await store.holdKey(node, publicKey)
    return result.tag === 'error' ? result.reason : result.tag
  }
  assert.is(await reasonOf('no node', key), 'invalidNodeName')
  assert.is(await reasonOf('w@h', new Uint8Array(31)), 'invalidKeySize')
  assert.is(await reasonOf('w@h', key), 'ok')
  assert.is(await reasonOf('v@h', key), 'trustStoreFull')
})

test.run()
