/** The log and its file: one sync for many, failures of the disk, and what cannot be stored. */
import type { AppendFile, Storage } from '../../../../runtime/platform/platform.ts'
import { limits } from '../../../../src/limits.ts'
import { FileLog } from '../../../../src/log/file-log.ts'
import { logFiles } from '../../../../src/log/file-names.ts'
import { deleteLog, openLog } from '../../../../src/log/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { directory, Machine } from './fixture.ts'

const test = suite('log file')

/** A log of `machine` whose file, and disk, are what is made of them. */
async function openedWith(
  machine: Machine,
  change: (file: AppendFile) => Partial<AppendFile>,
  instead: Partial<Storage> = {},
): Promise<FileLog> {
  const { storage, turn } = machine.platform
  const openAppend: Storage['openAppend'] = async (path, mode) => {
    const found = await storage.openAppend(path, mode)
    if (found.tag === 'error') return found
    return { tag: 'ok', file: { ...found.file, ...change(found.file) } }
  }
  const passedOn: Storage = {
    read: (path, max) => storage.read(path, max),
    write: (path, bytes, mode) => storage.write(path, bytes, mode),
    remove: (path) => storage.remove(path),
    lock: (path) => storage.lock(path),
    list: (path, namesMax) => storage.list(path, namesMax),
    makeDirectory: (path, mode) => storage.makeDirectory(path, mode),
    openAppend,
    ...instead,
  }
  const platform = { turn, storage: passedOn }
  const opened = await machine.finish(openLog({ platform, directory, name: 'store' }))
  if (opened.tag === 'error') throw new Error(opened.message)
  return opened.log
}

test('all who wait share one sync of the file', async () => {
  const machine = new Machine(new Map())
  let syncs = 0
  const log = await openedWith(machine, (file) => ({
    sync: () => {
      syncs += 1
      return file.sync()
    },
  }))
  const answers: Promise<{ tag: string }>[] = []
  for (let i = 0; i < 100; i++) {
    log.append(i)
    answers.push(log.sync())
  }
  const settled = await machine.finish(Promise.all(answers))
  assert.ok(settled.every(({ tag }) => tag === 'ok'))
  assert.is(syncs, 1)
  await machine.finish(log.sync())
  assert.is(syncs, 1, 'nothing was written since')
})

test('after a failed write nothing is confirmed until a snapshot has succeeded', async () => {
  for (const fails of ['append', 'sync'] as const) {
    const machine = new Machine(new Map())
    let broken = false
    const failure = { tag: 'error', reason: 'failed', message: 'ENOSPC' } as const
    const log = await openedWith(machine, (file) => ({
      append: async (bytes) => {
        if (!broken || fails !== 'append') return file.append(bytes)
        await file.append(bytes.slice(0, 3))
        return failure
      },
      sync: async () => (broken && fails === 'sync' ? failure : file.sync()),
    }))
    log.append('kept')
    assert.is((await machine.finish(log.sync())).tag, 'ok')
    broken = true
    log.append('torn')
    assert.equal(await machine.finish(log.sync()), { ...failure, reason: 'storage' })
    broken = false
    assert.equal(log.append('refused'), { ...failure, reason: 'storage' })
    assert.is((await machine.finish(log.sync())).tag, 'error', 'the file is not mended by itself')
    let meanwhile = 'not taken'
    function* terms(): Generator<string> {
      yield* ['kept', 'torn', 'refused']
      meanwhile = log.append('meanwhile').tag
    }
    assert.is((await machine.finish(log.snapshot(terms()))).tag, 'ok')
    assert.is(meanwhile, 'ok', 'what changes while a snapshot is taken is logged')
    assert.equal(log.append('after'), { tag: 'ok' })
    assert.is((await machine.finish(log.sync())).tag, 'ok')
    machine.disk.losePower()
    const again = await new Machine(machine.files).open()
    assert.equal(again.snapshot, ['kept', 'torn', 'refused'])
    assert.equal(again.records, ['meanwhile', 'after'])
  }
})

test('an error of the terms of a snapshot is their giver’s, and the log goes on', async () => {
  const machine = new Machine(new Map())
  const { log } = await machine.open()
  log.append('before')
  const bad = log.snapshot(
    (function* () {
      yield 1
      throw new Error('no more terms')
    })(),
  )
  const outcome = await machine.finish(bad.then(String, (error: Error) => error.message))
  assert.is(outcome, 'no more terms')
  const refused = await machine.finish(log.snapshot([() => 1]))
  assert.is(refused.tag === 'error' && refused.reason, 'term')
  assert.is((await machine.finish(log.sync())).tag, 'ok')
  const again = await new Machine(machine.files).open()
  assert.equal(again.records, ['before'])
})

test('a snapshot that cannot be written leaves the log as it is', async () => {
  const machine = new Machine(new Map())
  const failure = { tag: 'error', reason: 'failed', message: 'ENOSPC' } as const
  const log = await openedWith(machine, () => ({}), { write: async () => failure })
  log.append('kept')
  assert.equal(await machine.finish(log.snapshot(['kept'])), { ...failure, reason: 'storage' })
  assert.is(log.append('more').tag, 'ok')
  assert.is((await machine.finish(log.sync())).tag, 'ok')
  assert.equal((await new Machine(machine.files).open()).records, ['kept', 'more'])
})

test('a log that cannot be cut confirms nothing behind a torn record', async () => {
  const machine = new Machine(new Map())
  const failure = { tag: 'error', reason: 'failed', message: 'EIO' } as const
  let broken = true
  const log = await openedWith(machine, (file) => ({
    append: async (bytes) => {
      if (!broken) return file.append(bytes)
      await file.append(bytes.slice(0, 3))
      return failure
    },
    truncate: async (size) => (broken ? failure : file.truncate(size)),
  }))
  log.append('torn')
  assert.is((await machine.finish(log.sync())).tag, 'error')
  assert.is((await machine.finish(log.snapshot(['torn']))).tag, 'error')
  assert.is(log.append('behind').tag, 'error')
  assert.is((await machine.finish(log.sync())).tag, 'error')
  broken = false
  assert.is((await machine.finish(log.snapshot(['torn']))).tag, 'ok')
  assert.is(log.append('after').tag, 'ok')
  assert.is((await machine.finish(log.sync())).tag, 'ok')
  const { snapshot, records } = await new Machine(machine.files).open()
  assert.equal([snapshot, records], [['torn'], ['after']])
})

test('a log that cannot be opened is not held', async () => {
  const machine = new Machine(new Map())
  const failure = { tag: 'error', reason: 'denied', message: 'EACCES' } as const
  const refused = openedWith(machine, () => ({}), { openAppend: async () => failure })
  assert.is(await refused.catch((error: Error) => error.message), 'EACCES')
  await machine.open()
})

test('a log that is full, and a record too long to be read again, are refused', async () => {
  const machine = new Machine(new Map())
  const path = `${directory}/store.log`
  const opened = await machine.platform.storage.openAppend(path, 0o600)
  if (opened.tag === 'error') throw new Error(opened.message)
  const log = new FileLog({
    platform: machine.platform,
    files: logFiles(directory, 'store'),
    file: opened.file,
    bytes: limits.logFileMaxBytes - 12,
    release: async () => undefined,
  })
  const long = log.append(new Uint8Array(limits.logRecordMaxBytes))
  assert.is(long.tag === 'error' && long.reason, 'term')
  assert.is(log.append('abc').tag, 'ok')
  const full = log.append('abc')
  assert.is(full.tag === 'error' && full.reason, 'full')
  assert.is((await machine.finish(log.snapshot(['abc']))).tag, 'ok')
  assert.is(log.append('abc').tag, 'ok')
})

test('deleting begins with the snapshot, without which a log brings nothing back', async () => {
  const machine = new Machine(new Map())
  const removed: string[] = []
  const { storage, turn } = machine.platform
  const log = await openedWith(machine, () => ({}))
  await machine.finish(log.snapshot([1]))
  await machine.finish(log.close())
  const passedOn: Storage = {
    read: (path, max) => storage.read(path, max),
    write: (path, bytes, mode) => storage.write(path, bytes, mode),
    openAppend: (path, mode) => storage.openAppend(path, mode),
    lock: (path) => storage.lock(path),
    list: (path, namesMax) => storage.list(path, namesMax),
    makeDirectory: (path, mode) => storage.makeDirectory(path, mode),
    remove: (path) => {
      removed.push(path)
      return storage.remove(path)
    },
  }
  const platform = { turn, storage: passedOn }
  await machine.finish(deleteLog({ platform, directory, name: 'store' }))
  assert.equal(removed, [`${directory}/store.snapshot`, `${directory}/store.log`])
})

test('a snapshot is taken while somebody writes and syncs without a pause', async () => {
  const machine = new Machine(new Map(), 1, 5)
  const { log } = await machine.open()
  let answered = 'never'
  void log.snapshot(['all']).then(({ tag }) => {
    answered = tag
  })
  const writes = async (): Promise<void> => {
    for (let number = 0; number < 200; number++) {
      log.append(number)
      await log.sync()
    }
  }
  await machine.finish(writes())
  assert.is(answered, 'ok')
})

test('what cannot be stored is refused with its path, and a full queue says so', async () => {
  const machine = new Machine(new Map(), 1, 5)
  const { log } = await machine.open()
  const refused = log.append({ inner: [() => 1] })
  assert.is(refused.tag === 'error' && refused.reason, 'term')
  assert.match(refused.tag === 'error' ? refused.message : '', /record\.inner\[0\]/)
  const large = new Uint8Array(limits.logQueueMaxBytes / 4)
  const answers = [1, 2, 3, 4].map(() => log.append(large))
  const tags = answers.map((answer) => (answer.tag === 'error' ? answer.reason : answer.tag))
  assert.equal(tags, ['ok', 'ok', 'ok', 'busy'])
  assert.is((await machine.finish(log.sync())).tag, 'ok')
  assert.is(log.append(large).tag, 'ok', 'and there is room again')
})

test.run()
