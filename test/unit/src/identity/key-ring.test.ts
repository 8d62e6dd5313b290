/** A running node's own keys: changed, half-written, swapped, gone, on a disk that is slow. */
import type { Storage } from '../../../../runtime/platform/platform.ts'
import { seededRandom, simPlatform, World } from '../../../../runtime/platform/sim.ts'
import { type SimDisk, simStorage } from '../../../../runtime/platform/sim-storage.ts'
import { ed25519, generateKeypair, type Keypair } from '../../../../src/identity/ed25519.ts'
import { KeyRing } from '../../../../src/identity/key-ring.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import { quiet } from './auth-fixture.ts'

const test = suite('key ring')

const first = generateKeypair(seededRandom(1))
const second = generateKeypair(seededRandom(2))

function place(disk: SimDisk, { privateKey, publicKey }: Keypair): void {
  disk.set('keys/node.key', { bytes: privateKey, mode: 0o600 })
  disk.set('keys/node.pub', { bytes: publicKey, mode: 0o644 })
}

function scene(bend: (storage: Storage) => Storage = (storage) => storage) {
  const world = new World(1)
  const disk: SimDisk = new Map()
  place(disk, first)
  const warnings: string[] = []
  let reads = 0
  const disks = simStorage(disk)
  const counted: Storage = {
    ...disks,
    read: (path, max) => {
      reads++
      return disks.read(path, max)
    },
  }
  const ring = new KeyRing({
    storage: bend(counted),
    clock: simPlatform(world).clock,
    dir: 'keys',
    signer: ed25519,
    keypair: first,
    warn: (message) => void warnings.push(message),
  })
  const later = (ms: number): void => {
    world.after(ms, () => undefined)
    world.advance(world.nowMs + ms)
  }
  return { world, disk, ring, warnings, later, reads: () => reads }
}

test('a changed pair is used from the next handshake on, and said', async () => {
  const { disk, ring, warnings, later } = scene()
  place(disk, second)
  later(limits.keysReadAgainMs)
  assert.equal(await ring.current(), second)
  assert.equal(ring.keypair, second)
  assert.is(warnings.length, 1)
  assert.match(warnings[0] ?? '', 'another key now')
})

test('the disk is asked once per interval, however many handshakes come', async () => {
  const { ring, later, reads } = scene()
  for (let n = 0; n < 1_000; n++) await ring.current()
  assert.is(reads(), 0)
  later(limits.keysReadAgainMs)
  await Promise.all(Array.from({ length: 1_000 }, () => ring.current()))
  assert.is(reads(), 2, 'one look at two files')
})

for (const [what, harm] of [
  [
    'half-written',
    (disk: SimDisk) => disk.set('keys/node.key', { bytes: new Uint8Array(9), mode: 0o600 }),
  ],
  [
    'of zeros',
    (disk: SimDisk) => disk.set('keys/node.key', { bytes: new Uint8Array(32), mode: 0o600 }),
  ],
  [
    'open to others',
    (disk: SimDisk) => disk.set('keys/node.key', { bytes: second.privateKey, mode: 0o644 }),
  ],
  ['gone', (disk: SimDisk) => disk.delete('keys/node.key')],
  [
    'of another pair',
    (disk: SimDisk) => disk.set('keys/node.key', { bytes: second.privateKey, mode: 0o600 }),
  ],
  [
    'swapped with the public one',
    (disk: SimDisk) => {
      disk.set('keys/node.key', { bytes: first.publicKey, mode: 0o600 })
      disk.set('keys/node.pub', { bytes: first.privateKey, mode: 0o644 })
    },
  ],
] as const) {
  test(`a private key that is ${what}: the old one serves on, with one warning`, async () => {
    const { disk, ring, warnings, later } = scene()
    harm(disk)
    const files = [...disk.keys()]
    for (let n = 0; n < 5; n++) {
      later(limits.keysReadAgainMs)
      assert.equal(await ring.current(), first)
    }
    assert.is(warnings.length, 1)
    assert.match(warnings[0] ?? '', 'stays in use')
    assert.equal([...disk.keys()], files)
    place(disk, second)
    later(limits.keysReadAgainMs)
    assert.equal(await ring.current(), second)
  })
}

test('a public file that is missing beside a new key is not waited for', async () => {
  const { disk, ring, later } = scene()
  disk.delete('keys/node.pub')
  disk.set('keys/node.key', { bytes: second.privateKey, mode: 0o600 })
  later(limits.keysReadAgainMs)
  assert.equal(await ring.current(), second)
  assert.not(disk.has('keys/node.pub'))
})

test('a disk that does not answer holds up no handshake for long', async () => {
  const { world, ring, later } = scene((storage) => ({
    ...storage,
    read: () => new Promise<never>(() => undefined),
  }))
  later(limits.keysReadAgainMs)
  let got: Keypair | undefined
  void ring.current().then((keypair) => {
    got = keypair
  })
  await quiet()
  assert.is(got, undefined)
  world.advance(world.nowMs + limits.keysReadMaxMs)
  await quiet()
  assert.equal(got, first)
})

test.run()
