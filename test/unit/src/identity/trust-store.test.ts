import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { nodeStorage } from '../../../../runtime/platform/node-storage.ts'
import type { Storage } from '../../../../runtime/platform/platform.ts'
import { simPlatform, World } from '../../../../runtime/platform/sim.ts'
import { type SimDisk, simStorage } from '../../../../runtime/platform/sim-storage.ts'
import {
  openTrustStore,
  type TrustStore,
  type TrustStoreOptions,
} from '../../../../src/identity/trust-store.ts'
import { assert, suite } from '../../../support/harness.ts'
import { faultyStorage, temporaryDirectory } from './disk-fixture.ts'

const test = suite('trust store')

const keyA = new Uint8Array(32).fill(10)
const keyB = new Uint8Array(32).fill(11)
const notPinned = { tag: 'notPinned' }
const pinned = (publicKey: Uint8Array): object => ({ tag: 'pinned', publicKey })

async function opened(
  storage: Storage,
  options: Partial<TrustStoreOptions> = {},
): Promise<{ store: TrustStore; warnings: readonly string[]; world: World }> {
  const world = new World(1)
  const { clock } = simPlatform(world)
  const result = await openTrustStore({ storage, clock, dir: 'keys', ...options })
  if (result.tag === 'error') throw new Error(result.message)
  return { ...result, world }
}

async function reasonOf(work: Promise<{ tag: string; reason?: string }>): Promise<string> {
  const result = await work
  return result.reason ?? result.tag
}

function pinFile(bytes: Uint8Array): { bytes: Uint8Array; mode: number } {
  return { bytes, mode: 0o600 }
}

test('a pin is a file of 32 raw bytes, mode 0600, permanent after a restart', async () => {
  const dir = await temporaryDirectory()
  const first = await opened(nodeStorage(), { dir })
  assert.is(await reasonOf(first.store.storeKeyIfNew('a@h', keyA)), 'ok')
  const path = `${dir}/trusted/a@h.pub`
  assert.equal(new Uint8Array(await readFile(path)), keyA)
  assert.is((await stat(path)).mode & 0o777, 0o600)
  assert.is((await stat(`${dir}/trusted`)).mode & 0o777, 0o700)
  assert.is(first.store.listTrusted()[0]?.level, 'tofu')

  const second = await opened(nodeStorage(), { dir })
  assert.equal(second.warnings, [])
  assert.equal(await second.store.lookupPin('a@h'), pinned(keyA))
  assert.is(second.store.listTrusted()[0]?.level, 'permanent')
})

test('bad files are skipped with a warning each, others loaded', async () => {
  const dir = await temporaryDirectory()
  await mkdir(`${dir}/trusted/d@h.pub`, { recursive: true })
  await writeFile(`${dir}/trusted/a@h.pub`, keyA)
  await writeFile(`${dir}/trusted/b@h.pub`, keyA.subarray(1))
  await writeFile(`${dir}/trusted/c@h.pub`, new Uint8Array(100_000))
  await writeFile(`${dir}/trusted/noname.pub`, keyA)
  await writeFile(`${dir}/trusted/.pub`, keyA)
  await writeFile(`${dir}/trusted/README`, 'not a pin')
  await writeFile(`${dir}/trusted/e@h.pub.123.tmp`, keyA.subarray(5))
  const { store, warnings } = await opened(nodeStorage(), { dir })
  assert.equal(
    store.listTrusted().map(({ node }) => node),
    ['a@h'],
  )
  assert.is(warnings.length, 5)
  for (const name of ['b@h', 'c@h', 'd@h', 'noname']) {
    assert.is(warnings.filter((warning) => warning.includes(name)).length, 1, name)
  }
})

for (const [what, bytes] of [
  ['short', keyA.subarray(1)],
  ['empty', new Uint8Array(0)],
  ['huge', new Uint8Array(5000)],
] as const) {
  test(`a ${what} pin file refuses its name and is not replaced by first use`, async () => {
    const disk: SimDisk = new Map([['keys/trusted/a@h.pub', pinFile(bytes)]])
    const { store } = await opened(simStorage(disk))
    const lookup = await store.lookupPin('a@h')
    assert.ok(lookup.tag === 'error' && lookup.reason === 'pinUnreadable')
    assert.is(await reasonOf(store.storeKeyIfNew('a@h', keyA)), 'pinUnreadable')
    assert.equal(disk.get('keys/trusted/a@h.pub')?.bytes, bytes)
  })
}

test('asking creates nothing, whatever is asked', async () => {
  const disk: SimDisk = new Map()
  const { store } = await opened(simStorage(disk))
  for (let i = 0; i < 1000; i++) assert.equal(await store.lookupPin(`bogus-${i}@h`), notPinned)
  for (const name of ['', '../../etc/passwd', 'a/b@c', 'x'.repeat(10_000), '..@h']) {
    assert.equal(await store.lookupPin(name), notPinned)
  }
  assert.is(disk.size, 0)
  assert.equal(store.listTrusted(), [])
})

test('a name that is no node name never reaches the disk', async () => {
  const touched: string[] = []
  const watched = faultyStorage(simStorage(new Map()), (_, path) => touched.push(path) < 0)
  const { store } = await opened(watched)
  touched.length = 0
  await store.lookupPin('../../secret@h/x')
  await store.storeKey('../../secret@h/x', keyA)
  await store.storeKeyIfNew('../../secret@h/x', keyA)
  await store.deleteKey('../../secret@h/x')
  assert.equal(touched, [])
})

test('storeKeyIfNew pins once, agrees with the same key, refuses another', async () => {
  const disk: SimDisk = new Map()
  const { store } = await opened(simStorage(disk))
  assert.is(await reasonOf(store.storeKeyIfNew('a@h', keyA)), 'ok')
  const file = disk.get('keys/trusted/a@h.pub')
  assert.is(await reasonOf(store.storeKeyIfNew('a@h', keyA)), 'ok')
  assert.is(await reasonOf(store.storeKeyIfNew('a@h', keyB)), 'keyMismatch')
  assert.is(disk.get('keys/trusted/a@h.pub'), file)
  assert.equal(await store.lookupPin('a@h'), pinned(keyA))
})

test('of many first contacts at once exactly one key is pinned', async () => {
  const disk: SimDisk = new Map()
  const { store } = await opened(simStorage(disk))
  const keys = Array.from({ length: 20 }, (_, i) => new Uint8Array(32).fill(i))
  const reasons = await Promise.all(keys.map((key) => reasonOf(store.storeKeyIfNew('a@h', key))))
  assert.is(reasons.filter((reason) => reason === 'ok').length, 1)
  assert.is(reasons.filter((reason) => reason === 'keyMismatch').length, 19)
  const winner = keys[reasons.indexOf('ok')]!
  assert.equal(await store.lookupPin('a@h'), pinned(winner))
  assert.equal(disk.get('keys/trusted/a@h.pub')?.bytes, winner)
})

test('strict mode never writes a pin at first contact; the operator can', async () => {
  const disk: SimDisk = new Map()
  const { store } = await opened(simStorage(disk), { mode: 'strict' })
  assert.is(store.trustMode, 'strict')
  assert.is(await reasonOf(store.storeKeyIfNew('a@h', keyA)), 'untrustedKey')
  assert.is(disk.size, 0)
  assert.is(await reasonOf(store.storeKey('a@h', keyA)), 'ok')
  assert.is(await reasonOf(store.storeKeyIfNew('a@h', keyA)), 'ok')
  assert.equal(await store.lookupPin('a@h'), pinned(keyA))
})

test('the mode changed while a first contact was under way counts at the write', async () => {
  const disk: SimDisk = new Map()
  const { store } = await opened(simStorage(disk))
  const work = store.storeKeyIfNew('a@h', keyA)
  store.setTrustMode('strict')
  assert.is(await reasonOf(work), 'untrustedKey')
  assert.is(disk.size, 0)
})

test('storeKey replaces a pin, deleteKey forgets it on disk too', async () => {
  const disk: SimDisk = new Map()
  const { store } = await opened(simStorage(disk))
  await store.storeKeyIfNew('a@h', keyA)
  await store.storeKey('a@h', keyB)
  assert.equal(await store.lookupPin('a@h'), pinned(keyB))
  assert.is(store.listTrusted()[0]?.level, 'permanent')
  assert.is(await reasonOf(store.deleteKey('a@h')), 'ok')
  assert.is(await reasonOf(store.deleteKey('a@h')), 'ok')
  assert.equal(await store.lookupPin('a@h'), notPinned)
  assert.is(disk.size, 0)
  assert.is(await reasonOf(store.storeKeyIfNew('a@h', keyA)), 'ok')
})

test('a pin placed as a file at run time is found', async () => {
  const disk: SimDisk = new Map()
  const { store } = await opened(simStorage(disk), { mode: 'strict' })
  assert.equal(await store.lookupPin('a@h'), notPinned)
  disk.set('keys/trusted/a@h.pub', pinFile(keyA))
  assert.equal(await store.lookupPin('a@h'), pinned(keyA))
  assert.ok(await store.isTrusted('a@h', keyA))
  assert.equal(
    store.listTrusted().map(({ node }) => node),
    ['a@h'],
  )
})

test('a pin placed as a file between decision and write wins', async () => {
  const disk: SimDisk = new Map()
  const { store } = await opened(simStorage(disk))
  assert.equal(await store.lookupPin('a@h'), notPinned)
  disk.set('keys/trusted/a@h.pub', pinFile(keyB))
  assert.is(await reasonOf(store.storeKeyIfNew('a@h', keyA)), 'keyMismatch')
  assert.equal(disk.get('keys/trusted/a@h.pub')?.bytes, keyB)
})

test('isTrusted holds for the pinned key alone', async () => {
  const { store } = await opened(simStorage(new Map()))
  assert.not(await store.isTrusted('a@h', keyA))
  await store.storeKey('a@h', keyA)
  assert.ok(await store.isTrusted('a@h', keyA))
  assert.not(await store.isTrusted('a@h', keyB))
  assert.not(await store.isTrusted('a@h', keyA.subarray(1)))
  assert.not(await store.isTrusted('b@h', keyA))
})

test('listTrusted: name order, fingerprint, times of adding and last seen', async () => {
  const { store, world } = await opened(simStorage(new Map()))
  await store.storeKey('b@h', keyB)
  world.advance(1000)
  await store.storeKeyIfNew('a@h', keyA)
  const { wallMs } = simPlatform(world).clock
  const start = wallMs() - 1000
  world.advance(5000)
  store.markSeen('b@h')
  store.markSeen('unknown@h')
  const print = (key: Uint8Array): string => createHash('sha256').update(key).digest('hex')
  assert.equal(store.listTrusted(), [
    {
      node: 'a@h',
      fingerprint: print(keyA),
      publicKey: keyA,
      addedAtMs: start + 1000,
      lastSeenMs: start + 1000,
      level: 'tofu',
    },
    {
      node: 'b@h',
      fingerprint: print(keyB),
      publicKey: keyB,
      addedAtMs: start,
      lastSeenMs: start + 5000,
      level: 'permanent',
    },
  ])
})

test('bad arguments are error values naming the field', async () => {
  const { store } = await opened(simStorage(new Map()))
  for (const store1 of [store.storeKey.bind(store), store.storeKeyIfNew.bind(store)]) {
    assert.is(await reasonOf(store1('nobody', keyA)), 'invalidNodeName')
    assert.is(await reasonOf(store1('a@h', keyA.subarray(1))), 'invalidKeySize')
    // @ts-expect-error a caller in plain JavaScript
    assert.is(await reasonOf(store1('a@h', 'text')), 'invalidKeySize')
  }
  assert.is(await reasonOf(store.deleteKey('nobody')), 'invalidNodeName')
  // @ts-expect-error a caller in plain JavaScript
  assert.throws(() => store.setTrustMode('paranoid'), 'trust mode')
  assert.is(store.trustMode, 'tofu')
})

test('the number of pins is bounded: new ones are refused, held ones still change', async () => {
  const disk: SimDisk = new Map()
  const { store } = await opened(simStorage(disk), { pinsMax: 2 })
  await store.storeKeyIfNew('a@h', keyA)
  await store.storeKeyIfNew('b@h', keyA)
  assert.is(await reasonOf(store.storeKeyIfNew('c@h', keyA)), 'trustStoreFull')
  assert.is(await reasonOf(store.storeKey('c@h', keyA)), 'trustStoreFull')
  assert.not(disk.has('keys/trusted/c@h.pub'))
  assert.is(await reasonOf(store.storeKey('b@h', keyB)), 'ok')
  await store.deleteKey('a@h')
  assert.is(await reasonOf(store.storeKeyIfNew('c@h', keyA)), 'ok')
})

test('pins on disk beyond the bound are warned of, not held, and still decide', async () => {
  const names = Array.from({ length: 100 }, (_, i) => `n${i}@h`)
  const disk: SimDisk = new Map(names.map((name) => [`keys/trusted/${name}.pub`, pinFile(keyA)]))
  const { store, warnings } = await opened(simStorage(disk), { pinsMax: 90 })
  assert.is(store.listTrusted().length, 90)
  assert.is(warnings.length, 10)
  for (const name of names) assert.equal(await store.lookupPin(name), pinned(keyA))
  assert.is(store.listTrusted().length, 90)
})

test('a pin that cannot be written is not held in memory', async () => {
  const disk = simStorage(new Map())
  const { store } = await opened(faultyStorage(disk, (operation) => operation === 'write'))
  assert.is(await reasonOf(store.storeKeyIfNew('a@h', keyA)), 'pinWriteFailed')
  assert.is(await reasonOf(store.storeKey('a@h', keyA)), 'pinWriteFailed')
  assert.equal(await store.lookupPin('a@h'), notPinned)
})

test('a pin that cannot be removed stays', async () => {
  const disk = simStorage(new Map())
  const { store } = await opened(faultyStorage(disk, (operation) => operation === 'remove'))
  await store.storeKey('a@h', keyA)
  assert.is(await reasonOf(store.deleteKey('a@h')), 'pinWriteFailed')
  assert.equal(await store.lookupPin('a@h'), pinned(keyA))
})

test('a directory that cannot be made or listed is an error, never an empty store', async () => {
  const dir = await temporaryDirectory()
  await writeFile(`${dir}/trusted`, 'a file')
  const { clock } = simPlatform(new World(1))
  const blocked = await openTrustStore({ storage: nodeStorage(), clock, dir })
  assert.ok(blocked.tag === 'error' && blocked.reason === 'trustDirectoryFailed')
  for (const refusedOperation of ['makeDirectory', 'list']) {
    const storage = faultyStorage(simStorage(new Map()), (asked) => asked === refusedOperation)
    const result = await openTrustStore({ storage, clock, dir: 'keys' })
    assert.ok(result.tag === 'error' && result.reason === 'trustDirectoryFailed')
  }
})

test('a stored key is a copy', async () => {
  const { store } = await opened(simStorage(new Map()))
  const key = keyA.slice()
  await store.storeKey('a@h', key)
  key.fill(0)
  assert.ok(await store.isTrusted('a@h', keyA))
})

test('the directory of pins holds one file per pin and no leftovers', async () => {
  const dir = await temporaryDirectory()
  const { store } = await opened(nodeStorage(), { dir })
  await Promise.all(['a@h', 'b@h', 'c@h'].map((name) => store.storeKeyIfNew(name, keyA)))
  await store.deleteKey('b@h')
  assert.equal(await readdir(`${dir}/trusted`), ['a@h.pub', 'c@h.pub'])
})

test.run()
