/** Files that grow, locks, and directories synced when their names change, on a real disk. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { nodeStorage } from '../../../../runtime/platform/node-storage.ts'
import type { AppendFile } from '../../../../runtime/platform/platform.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'
import { until } from '../../../support/until.ts'

const test = suite('node append')

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'skein-append-'))
  cleanup(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

async function opened(path: string): Promise<AppendFile> {
  const result = await nodeStorage().openAppend(path, 0o600)
  if (result.tag === 'error') throw new Error(result.message)
  cleanup(() => result.file.close())
  return result.file
}

/** What is called on file handles while `body` runs, in order, by the path of the file. */
async function handleCalls(
  names: readonly string[],
  body: () => Promise<unknown>,
): Promise<string[]> {
  const probe = await open(tmpdir(), 'r')
  const prototype: object = Object.getPrototypeOf(probe)
  await probe.close()
  const calls: string[] = []
  const originals = names.map((name) => [name, Reflect.get(prototype, name)] as const)
  for (const [name, original] of originals) {
    if (typeof original !== 'function') throw new Error(`no ${name}`)
    Reflect.set(prototype, name, async function (this: { fd: number }, ...args: unknown[]) {
      const result: unknown = await Reflect.apply(original, this, args)
      calls.push(name)
      return result
    })
  }
  try {
    await body()
  } finally {
    for (const [name, original] of originals) Reflect.set(prototype, name, original)
  }
  return calls
}

test('bytes go to the end, also after a cut, and of a file that was there', async () => {
  const path = join(directory(), 'log')
  const file = await opened(path)
  assert.is(statSync(path).mode & 0o777, 0o600)
  assert.equal(await file.append(bytesOf('one ')), { tag: 'ok' })
  assert.equal(await file.append(bytesOf('two ')), { tag: 'ok' })
  assert.equal(await file.sync(), { tag: 'ok' })
  assert.is(readFileSync(path, 'utf8'), 'one two ')
  assert.equal(await file.truncate(4), { tag: 'ok' })
  assert.equal(await file.append(bytesOf('three')), { tag: 'ok' })
  assert.is(readFileSync(path, 'utf8'), 'one three')
  await file.close()
  const again = await opened(path)
  await again.append(bytesOf('!'))
  assert.is(readFileSync(path, 'utf8'), 'one three!')
})

test('what fails is a value', async () => {
  const dir = directory()
  const storage = nodeStorage()
  const absent = await storage.openAppend(join(dir, 'nowhere', 'log'), 0o600)
  assert.is(absent.tag === 'error' && absent.reason, 'notFound')
  assert.is((await storage.openAppend(dir, 0o600)).tag, 'error')
  const file = await opened(join(dir, 'log'))
  await file.close()
  await file.close()
  assert.is((await file.append(bytesOf('x'))).tag, 'error')
  assert.is((await file.sync()).tag, 'error')
  assert.is((await file.truncate(0)).tag, 'error')
})

test('whatever changes the names of a directory syncs it before it answers', async () => {
  const dir = directory()
  const storage = nodeStorage()
  const names = ['sync', 'datasync', 'chmod', 'writeFile', 'truncate']
  const calls = (body: () => Promise<unknown>): Promise<string[]> => handleCalls(names, body)
  const path = join(dir, 'file')
  assert.equal(await calls(() => storage.write(path, bytesOf('x'), 0o600)), [
    'chmod',
    'writeFile',
    'sync',
    'sync',
  ])
  assert.equal(await calls(() => storage.remove(path)), ['sync'])
  assert.equal(await calls(() => storage.remove(path)), [], 'nothing was removed')
  const deep = join(dir, 'a', 'b', 'c')
  assert.equal(await calls(() => storage.makeDirectory(deep, 0o700)), ['sync', 'sync', 'sync'])
  assert.equal(await calls(() => storage.makeDirectory(deep, 0o700)), [])
  const near = relative(process.cwd(), join(dir, 'd', 'e'))
  assert.equal(await calls(() => storage.makeDirectory(near, 0o700)), ['sync', 'sync'])
  assert.equal(await calls(() => opened(join(dir, 'log'))), ['sync', 'sync'])
  const file = await opened(join(dir, 'log'))
  assert.equal(await calls(() => file.sync()), ['datasync'])
  assert.equal(await calls(() => file.truncate(0)), ['truncate', 'datasync'])
})

test('a lock has one holder, whichever storage asks', async () => {
  const path = join(directory(), 'lock')
  const held = await nodeStorage().lock(path)
  if (held.tag === 'error') throw new Error(held.message)
  const storage = nodeStorage()
  const second = await storage.lock(path)
  assert.is(second.tag === 'error' && second.reason, 'taken')
  assert.match(second.tag === 'error' ? second.message : '', `process ${process.pid}`)
  await held.release()
  const third = await storage.lock(path)
  assert.is(third.tag, 'ok')
  await held.release()
  assert.is((await storage.lock(path)).tag, 'error', 'a second release frees nobody else’s lock')
})

test('a lock of a process that is no more is taken over by one of many', async () => {
  const dir = directory()
  const path = join(dir, 'lock')
  const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(gone, 'exit')
  // The latter is the id of a process that runs, but did not when the lock was taken.
  const kinds = [`${gone.pid} 1 boot mark-1\n`, '', 'nonsense', `${process.pid} 1 boot m\n`]
  for (let round = 0; round < 100; round++) {
    const left = kinds[round % kinds.length] ?? ''
    writeFileSync(path, left)
    const attempts = Array.from({ length: 20 }, () => nodeStorage().lock(path))
    const outcomes = await Promise.all(attempts)
    const winners = outcomes.flatMap((outcome) => (outcome.tag === 'ok' ? [outcome] : []))
    assert.is(winners.length, 1, left)
    await winners[0]?.release()
  }
  assert.equal(readdirSync(dir), [], 'and nothing is left behind')
})

async function unburied(): Promise<void> {
  const path = join(directory(), 'lock')
  // The shell leaves the holder to `sleep`, which asks after nobody.
  const parent = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  cleanup(() => parent.kill('SIGKILL'))
  const [said] = await once(parent.stdout, 'data')
  const id = Number(String(said))
  const stat = (): string[] => {
    const text = readFileSync(`/proc/${id}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  }
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  writeFileSync(path, `${id} ${stat()[19]} ${boot} mark-1\n`)
  assert.is((await nodeStorage().lock(path)).tag, 'error')
  process.kill(id, 'SIGKILL')
  await until('it is dead', () => stat()[0] === 'Z')
  assert.is((await nodeStorage().lock(path)).tag, 'ok')
}

const deadHolder = 'a holder that has died holds nothing while its parent has not asked how'
if (existsSync('/proc/self/stat')) test(deadHolder, unburied)
else test.skip(deadHolder, 'there is no /proc')
test('a lock that cannot be read may be held, and is left alone', async () => {
  const dir = directory()
  const path = join(dir, 'lock')
  symlinkSync(path, path)
  assert.is((await nodeStorage().lock(path)).tag, 'error')
  assert.equal(readdirSync(dir), ['lock'])
})

test('a lock in a directory that is not there is an error', async () => {
  const result = await nodeStorage().lock(join(directory(), 'nowhere', 'lock'))
  assert.is(result.tag === 'error' && result.reason, 'notFound')
})

test.run()
