/**
 * The write-ahead log on a simulated disk: what a sync confirmed is found again, wherever the file
 * was cut and whenever the power went, and nothing that is in the files makes opening fail.
 */
import fc from 'fast-check'
import type { SimDisk } from '../../../../runtime/platform/sim-storage.ts'
import {
  appendLog,
  closeLog,
  deleteLog,
  type FileLog,
  openLog,
  snapshotLog,
  syncLog,
} from '../../../../src/log/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { directory, Machine } from './fixture.ts'

const test = suite('log')

const logPath = `${directory}/store.log`
const snapshotPath = `${directory}/store.snapshot`

/** Terms of all sizes, as deltas are. */
const terms: readonly unknown[] = [
  1,
  'two',
  new Map([['key', [1_700_000_000_000, 0, 'a@h', { three: 3 }]]]),
  null,
  new Uint8Array(200).fill(7),
  [],
  { six: [1, 2n, -0.5] },
]

async function recorded(): Promise<{ files: SimDisk; ends: readonly number[] }> {
  const machine = new Machine(new Map())
  const { log } = await machine.open()
  const ends: number[] = []
  for (const term of terms) {
    assert.equal(log.append(term), { tag: 'ok' })
    assert.equal(await machine.finish(log.sync()), { tag: 'ok' })
    ends.push(sizeOf(machine.files, logPath))
  }
  return { files: machine.files, ends }
}

function sizeOf(files: SimDisk, path: string): number {
  return files.get(path)?.bytes.length ?? 0
}

function withBytes(
  files: SimDisk,
  path: string,
  change: (bytes: Uint8Array) => Uint8Array,
): SimDisk {
  const copy: SimDisk = new Map(files)
  const file = copy.get(path)
  if (file === undefined) throw new Error(`no ${path}`)
  copy.set(path, { ...file, bytes: change(file.bytes.slice()) })
  return copy
}

test('what was logged is read again, in order, and logging goes on behind it', async () => {
  const { files } = await recorded()
  const machine = new Machine(files)
  const { log, records, snapshot, complete, damaged, cutBytes } = await machine.open()
  assert.equal(records, terms)
  assert.equal(
    { snapshot, complete, damaged, cutBytes },
    { snapshot: [], complete: true, damaged: 0, cutBytes: 0 },
  )
  assert.equal(log.append('more'), { tag: 'ok' })
  assert.equal(await machine.finish(log.close()), { tag: 'ok' })
  const again = await new Machine(files).open()
  assert.equal(again.records, [...terms, 'more'])
})

test('a file cut at any byte has lost the record that was cut, and no other (LOG-03)', async () => {
  const { files, ends } = await recorded()
  for (let size = 0; size <= sizeOf(files, logPath); size++) {
    const machine = new Machine(withBytes(files, logPath, (bytes) => bytes.slice(0, size)))
    const { log, records, damaged, cutBytes } = await machine.open()
    const whole = ends.filter((end) => end <= size)
    assert.equal(records, terms.slice(0, whole.length), `cut at ${size}`)
    assert.is(damaged, 0)
    assert.is(cutBytes, size - (whole.at(-1) ?? 0))
    log.append('more')
    await machine.finish(log.close())
    const again = await new Machine(machine.files).open()
    assert.equal(again.records, [...terms.slice(0, whole.length), 'more'])
    assert.is(again.cutBytes, 0)
  }
})

test('zeros behind the last record are no records', async () => {
  const { files } = await recorded()
  for (const zeros of [1, 7, 8, 9, 4096]) {
    const longer = withBytes(files, logPath, (bytes) => {
      const grown = new Uint8Array(bytes.length + zeros)
      grown.set(bytes)
      return grown
    })
    const { records, cutBytes } = await new Machine(longer).open()
    assert.equal(records, terms)
    assert.is(cutBytes, zeros)
  }
})

test('a flipped byte costs its record, and what follows only where it hit a length', async () => {
  const { files, ends } = await recorded()
  for (let at = 0; at < sizeOf(files, logPath); at++) {
    const flipped = withBytes(files, logPath, (bytes) => {
      bytes[at] = bytes[at]! ^ 0x41
      return bytes
    })
    const { records, damaged, cutBytes } = await new Machine(flipped).open()
    const hit = ends.findIndex((end) => at < end)
    const start = ends[hit - 1] ?? 0
    assert.equal(records.slice(0, hit), terms.slice(0, hit), `before a flip at ${at}`)
    if (at - start >= 4) {
      assert.equal(records.slice(hit), terms.slice(hit + 1), `behind a flip at ${at}`)
      assert.is(damaged, hit === terms.length - 1 ? 0 : 1)
    } else {
      assert.ok(damaged > 0 || cutBytes > 0, 'and is noticed')
    }
  }
})

test('whatever bytes are in the files, opening answers', async () => {
  const bytes = fc.uint8Array({ maxLength: 400 })
  await fc.assert(
    fc.asyncProperty(bytes, bytes, async (log, snapshot) => {
      const files: SimDisk = new Map([
        [logPath, { bytes: log, mode: 0o600 }],
        [snapshotPath, { bytes: snapshot, mode: 0o600 }],
      ])
      const found = await new Machine(files).open()
      assert.is(found.complete, snapshot.length === 0)
      assert.ok(found.cutBytes >= 0 && found.cutBytes <= log.length)
    }),
    { numRuns: 200 },
  )
})

test('a snapshot replaces what was logged before, and keeps what is logged meanwhile', async () => {
  const machine = new Machine(new Map(), 1, 5)
  const { log } = await machine.open()
  for (const term of ['a', 'b']) log.append(term)
  await machine.finish(log.sync())
  let taken = 0
  const saved = log.snapshot(
    (function* () {
      for (const term of ['a', 'b', 'c']) {
        taken += 1
        if (taken === 2) assert.equal(log.append('meanwhile'), { tag: 'ok' })
        yield term
      }
    })(),
  )
  assert.equal(await machine.finish(saved), { tag: 'ok' })
  assert.equal(await machine.finish(log.close()), { tag: 'ok' })
  const found = await new Machine(machine.files).open()
  assert.equal(found.snapshot, ['a', 'b', 'c'])
  assert.ok(found.complete)
  assert.equal(found.records, ['meanwhile'])
})

test('a snapshot cut at any byte is not taken for a whole one (LOG-03)', async () => {
  const machine = new Machine(new Map())
  const { log } = await machine.open()
  await machine.finish(log.snapshot(terms))
  await machine.finish(log.close())
  const size = sizeOf(machine.files, snapshotPath)
  for (let cut = 1; cut < size; cut++) {
    const damaged = withBytes(machine.files, snapshotPath, (bytes) => bytes.slice(0, cut))
    const found = await new Machine(damaged).open()
    assert.not(found.complete, `cut at ${cut}`)
    assert.equal(found.snapshot, terms.slice(0, found.snapshot.length))
  }
  assert.equal((await new Machine(machine.files).open()).snapshot, terms)
})

type Step = 'append' | 'sync' | 'snapshot' | 'wait'

test('whenever the power goes, what a sync or a snapshot confirmed is there', async () => {
  const step = fc.constantFrom<Step[]>('append', 'append', 'sync', 'snapshot', 'wait')
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(step, { maxLength: 40 }), async (seed, steps) => {
      const files: SimDisk = new Map()
      const machine = new Machine(files, seed, 10)
      const { log } = await machine.open()
      let appended = 0
      let confirmed = 0
      const confirms = (work: Promise<{ tag: string }>): void => {
        const upTo = appended
        void work.then(({ tag }) => {
          if (tag === 'ok') confirmed = Math.max(confirmed, upTo)
        })
      }
      for (const [at, kind] of steps.entries()) {
        if (kind === 'append') log.append(++appended)
        else if (kind === 'sync') confirms(log.sync())
        else if (kind === 'snapshot') confirms(log.snapshot(upToNow(() => appended)))
        else await machine.pass((seed + at) % 40)
      }
      machine.disk.losePower()
      // The old machine, which nothing stops here, writes on to the old files.
      const left: SimDisk = new Map(files)
      const { snapshot, complete, records } = await new Machine(left).open()
      assert.ok(complete)
      const found = new Set([...snapshot, ...records])
      assert.ok(found.size >= confirmed, `${found.size} of ${confirmed} confirmed`)
      assert.ok(found.size <= appended)
      for (let number = 1; number <= found.size; number++) assert.ok(found.has(number))
    }),
    { numRuns: 300 },
  )
})

function* upToNow(last: () => number): Generator<number> {
  for (let number = 1; number <= last(); number++) yield number
}

test('one at a time has a log open; the lock goes with its holder', async () => {
  const machine = new Machine(new Map())
  const options = { platform: machine.platform, directory, name: 'store' }
  const { log } = await machine.open()
  for (const attempt of [openLog(options), deleteLog(options)]) {
    const second = await machine.finish<{ tag: string; reason?: string }>(attempt)
    assert.is(second.tag === 'error' && second.reason, 'taken')
  }
  await machine.finish(log.close())
  assert.equal(await machine.finish(log.close()), { tag: 'ok' })
  const closed = { tag: 'error', reason: 'closed', message: 'the log is closed' }
  assert.equal(log.append(1), closed)
  assert.equal(await log.sync(), closed)
  assert.equal(await log.snapshot([]), closed)
  const { log: next } = await machine.open()
  // The machine goes down with the log open.
  assert.is(next.append(1).tag, 'ok')
  await new Machine(machine.files).open()
})

test('deleting removes both files and can be repeated (LOG-05)', async () => {
  const machine = new Machine(new Map())
  const options = { platform: machine.platform, directory, name: 'store' }
  assert.equal(await machine.finish(deleteLog(options)), { tag: 'ok' })
  const { log } = await machine.open()
  await machine.finish(log.snapshot([1]))
  log.append(2)
  await machine.finish(log.close())
  machine.files.set(`${snapshotPath}.7.tmp`, { bytes: new Uint8Array(9), mode: 0o600 })
  for (let i = 0; i < 2; i++) {
    assert.equal(await machine.finish(deleteLog(options)), { tag: 'ok' })
    assert.equal([...machine.files.keys()], [])
  }
})

test('opening removes what a snapshot that was cut short has left, and nothing else', async () => {
  const machine = new Machine(new Map())
  const file = { bytes: new Uint8Array(9), mode: 0o600 }
  const others = [`${directory}/store2.snapshot.1.tmp`, `${directory}/key`, `${directory}/a.tmp`]
  for (const path of [...others, `${snapshotPath}.a-1.tmp`]) machine.files.set(path, file)
  await machine.open()
  assert.equal([...machine.files.keys()].sort(), [...others, logPath].sort())
})

test('the name of a store becomes that of a file, whatever it is', async () => {
  const machine = new Machine(new Map())
  const names = ['plain-1_x', 'Plain', '../etc', '.', '..', 'ä/b', 'con:1', '%41', ' ']
  for (const name of names) {
    const { log } = await machine.open(name)
    log.append(name)
    await machine.finish(log.close())
  }
  const files = [...machine.files.keys()].map((path) => path.slice(directory.length + 1))
  assert.equal(files.sort(), [
    '%20.log',
    '%2541.log',
    '%2E%2E%2Fetc.log',
    '%2E%2E.log',
    '%2E.log',
    '%50lain.log',
    '%C3%A4%2Fb.log',
    'con%3A1.log',
    'plain-1_x.log',
  ])
  for (const name of names) assert.equal((await machine.open(name)).records, [name])
})

test('names that cannot be files, and directories that are none, are refused', async () => {
  const { platform } = new Machine(new Map())
  for (const name of ['', '\ud800', 'x'.repeat(201), 'Ä'.repeat(40), 7]) {
    const error = await Reflect.apply(openLog, undefined, [{ platform, directory, name }]).then(
      () => 'opened',
      (reason: Error) => `${reason.name}: ${reason.message}`,
    )
    assert.match(error, /^BadArgument: name: expected 1 to 200 percent-encoded characters, got /)
  }
  const error = await openLog({ platform, directory: '', name: 'a' }).catch(String)
  assert.match(String(error), /directory: expected a path/)
})

test('a store without a log does nothing with it (LOG-05)', async () => {
  const none: FileLog | undefined = undefined
  assert.equal(appendLog(none, 1), { tag: 'ok' })
  assert.equal(await syncLog(none), { tag: 'ok' })
  assert.equal(await snapshotLog(none, [1]), { tag: 'ok' })
  assert.equal(await closeLog(none), { tag: 'ok' })
  const machine = new Machine(new Map())
  const { log } = await machine.open()
  assert.equal(appendLog(log, 1), { tag: 'ok' })
  assert.equal(await machine.finish(syncLog(log)), { tag: 'ok' })
  assert.equal(await machine.finish(snapshotLog(log, [1])), { tag: 'ok' })
  assert.equal(await machine.finish(closeLog(log)), { tag: 'ok' })
  assert.equal((await new Machine(machine.files).open()).snapshot, [1])
})

test.run()
