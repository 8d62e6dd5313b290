/** Small files on a real disk: atomic, bounded, with their modes, every failure a value. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeStorage } from '../../../../runtime/platform/node-storage.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'

const test = suite('node storage')

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'skein-storage-'))
  cleanup(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

async function reasonOf(result: Promise<{ tag: string; reason?: string }>): Promise<unknown> {
  const { tag, reason } = await result
  return tag === 'error' ? reason : tag
}

test('what is written is read, by this storage and any other', async () => {
  const path = join(directory(), 'file')
  for (const bytes of [bytesOf('first'), new Uint8Array(0), new Uint8Array(100_000).fill(7)]) {
    assert.equal(await nodeStorage().write(path, bytes, 0o600), { tag: 'ok' })
    assert.equal(await nodeStorage().read(path, 100_000), { tag: 'ok', bytes, mode: 0o600 })
  }
})

test('the bytes read are a Uint8Array of their own', async () => {
  const path = join(directory(), 'file')
  await nodeStorage().write(path, bytesOf('abc'), 0o600)
  const result = await nodeStorage().read(path, 3)
  if (result.tag === 'error') throw new Error(result.message)
  assert.is(Object.getPrototypeOf(result.bytes), Uint8Array.prototype)
  assert.is(result.bytes.buffer.byteLength, 3)
})

test('the mode is the one asked for, whatever the umask, also over an old file', async () => {
  const dir = directory()
  const path = join(dir, 'file')
  for (const mode of [0o600, 0o644, 0o640, 0o666]) {
    await nodeStorage().write(path, bytesOf('x'), mode)
    assert.is(statSync(path).mode & 0o777, mode)
  }
  await nodeStorage().makeDirectory(join(dir, 'deep', 'deeper'), 0o700)
  assert.is(statSync(join(dir, 'deep', 'deeper')).mode & 0o777, 0o700)
})

test('a write leaves no temporary file, whether it succeeds or fails', async () => {
  const dir = directory()
  const storage = nodeStorage()
  await storage.write(join(dir, 'file'), bytesOf('x'), 0o600)
  await storage.makeDirectory(join(dir, 'taken'), 0o700)
  // A directory that is not empty cannot be replaced.
  await storage.write(join(dir, 'taken', 'inner'), bytesOf('x'), 0o600)
  assert.is((await storage.write(join(dir, 'taken'), bytesOf('x'), 0o600)).tag, 'error')
  assert.equal(readdirSync(dir).sort(), ['file', 'taken'])
})

test('a leftover of a write that was cut short does not get in the way', async () => {
  const dir = directory()
  const path = join(dir, 'file')
  for (let i = 0; i < 3; i++) writeFileSync(`${path}.${process.pid}-${i}.tmp`, 'torn')
  assert.equal(await nodeStorage().write(path, bytesOf('whole'), 0o600), { tag: 'ok' })
  assert.is(readFileSync(path, 'utf8'), 'whole')
})

test('writers at the same time, of several storages: one whole file remains', async () => {
  const dir = directory()
  const path = join(dir, 'file')
  const contents = Array.from({ length: 16 }, (_, i) => new Uint8Array(50_000).fill(i))
  const storages = [nodeStorage(), nodeStorage(), nodeStorage()]
  const results = await Promise.all(
    contents.map((bytes, i) => storages[i % 3]!.write(path, bytes, 0o600)),
  )
  for (const result of results) assert.equal(result, { tag: 'ok' })
  const left = readFileSync(path)
  assert.is(left.length, 50_000)
  assert.is(new Set(left).size, 1, 'the file is of two writers')
  assert.equal(readdirSync(dir), ['file'])
})

test('a reader beside a writer sees the old file or the new one', async () => {
  const path = join(directory(), 'file')
  const storage = nodeStorage()
  await storage.write(path, new Uint8Array(40_000).fill(0), 0o600)
  let writing = true
  const writer = (async () => {
    for (let i = 1; i <= 30; i++) await storage.write(path, new Uint8Array(40_000).fill(i), 0o600)
    writing = false
  })()
  let reads = 0
  while (writing) {
    const result = await storage.read(path, 40_000)
    if (result.tag === 'error') throw new Error(result.message)
    assert.is(result.bytes.length, 40_000)
    assert.is(new Set(result.bytes).size, 1)
    reads++
  }
  await writer
  assert.ok(reads > 0)
})

test('a file larger than the bound is refused, at the bound it is not', async () => {
  const path = join(directory(), 'file')
  await nodeStorage().write(path, new Uint8Array(10), 0o600)
  assert.is(await reasonOf(nodeStorage().read(path, 10)), 'ok')
  assert.is(await reasonOf(nodeStorage().read(path, 9)), 'tooLarge')
  assert.is(await reasonOf(nodeStorage().read(path, 0)), 'tooLarge')
})

test('a file without an end, which says it is empty, is refused too', async () => {
  assert.is(await reasonOf(nodeStorage().read('/dev/zero', 1_000)), 'tooLarge')
})

test('absent files and directories are notFound', async () => {
  const dir = directory()
  const path = join(dir, 'absent')
  const storage = nodeStorage()
  assert.is(await reasonOf(storage.read(path, 10)), 'notFound')
  assert.is(await reasonOf(storage.remove(path)), 'notFound')
  assert.is(await reasonOf(storage.list(path)), 'notFound')
  assert.is(await reasonOf(storage.write(join(path, 'file'), bytesOf('x'), 0o600)), 'notFound')
  const result = await storage.read(path, 10)
  assert.match('message' in result ? result.message : '', 'absent')
})

test('a file where a directory should be is notDirectory', async () => {
  const dir = directory()
  const file = join(dir, 'file')
  const storage = nodeStorage()
  await storage.write(file, bytesOf('x'), 0o600)
  assert.is(await reasonOf(storage.read(join(file, 'inner'), 10)), 'notDirectory')
  assert.is(await reasonOf(storage.list(file)), 'notDirectory')
  assert.is(await reasonOf(storage.makeDirectory(join(file, 'inner'), 0o700)), 'notDirectory')
  assert.is(await reasonOf(storage.makeDirectory(file, 0o700)), 'notDirectory')
})

test('a directory where a file should be is an error, not an exception', async () => {
  const dir = directory()
  assert.is((await nodeStorage().read(dir, 1_000_000)).tag, 'error')
  assert.is((await nodeStorage().remove(dir)).tag, 'error')
})

test('list is sorted, remove removes, makeDirectory may be repeated', async () => {
  const dir = directory()
  const storage = nodeStorage()
  const inner = join(dir, 'a', 'b')
  for (let i = 0; i < 2; i++) {
    assert.equal(await storage.makeDirectory(inner, 0o700), { tag: 'ok' })
  }
  for (const name of ['z', 'a', 'm']) await storage.write(join(inner, name), bytesOf(name), 0o600)
  assert.equal(await storage.list(inner), { tag: 'ok', names: ['a', 'm', 'z'] })
  assert.equal(await storage.remove(join(inner, 'm')), { tag: 'ok' })
  assert.equal(await storage.list(inner), { tag: 'ok', names: ['a', 'z'] })
})

test('paths no file system takes are errors, not exceptions', async () => {
  const storage = nodeStorage()
  for (const path of ['nul\0byte', '', `/${'x'.repeat(5_000)}`]) {
    assert.is((await storage.read(path, 10)).tag, 'error')
    assert.is((await storage.write(path, bytesOf('x'), 0o600)).tag, 'error')
  }
})

test('a pipe is not waited for, whether somebody has it open or not', async () => {
  const pipe = join(directory(), 'pipe')
  execFileSync('mkfifo', [pipe])
  const storage = nodeStorage()
  const outcomes = [await reasonOf(storage.read(pipe, 10))]
  const held = openSync(pipe, constants.O_RDWR)
  outcomes.push(await reasonOf(storage.read(pipe, 10)))
  closeSync(held)
  assert.equal(outcomes, ['failed', 'failed'])
})

test('a directory with more entries than asked for is too large', async () => {
  const dir = directory()
  const storage = nodeStorage()
  for (const name of ['c', 'a', 'b']) await storage.write(join(dir, name), bytesOf('x'), 0o600)
  assert.equal(await storage.list(dir, 3), { tag: 'ok', names: ['a', 'b', 'c'] })
  assert.is(await reasonOf(storage.list(dir, 2)), 'tooLarge')
})

test('what the user may not touch is denied', async () => {
  const dir = directory()
  const file = join(dir, 'file')
  const storage = nodeStorage()
  await storage.write(file, bytesOf('x'), 0o600)
  chmodSync(file, 0o000)
  chmodSync(dir, 0o500)
  const outcomes = await asOrdinaryUser(async () => [
    await reasonOf(storage.read(file, 10)),
    await reasonOf(storage.write(join(dir, 'new'), bytesOf('x'), 0o600)),
    await reasonOf(storage.remove(file)),
    await reasonOf(storage.makeDirectory(join(dir, 'inner'), 0o700)),
  ])
  chmodSync(dir, 0o700)
  assert.equal(outcomes, ['denied', 'denied', 'denied', 'denied'])
  assert.equal(readdirSync(dir), ['file'])
})

/** Permissions do not bind root, so that it steps down for the while. */
async function asOrdinaryUser<T>(body: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return body()
  process.seteuid?.(65_534)
  try {
    return await body()
  } finally {
    process.seteuid?.(0)
  }
}

test.run()
