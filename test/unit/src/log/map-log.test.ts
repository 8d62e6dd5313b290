/** A multi-writer map on disk: the same map after a restart, and nothing believed unproved. */
import fc from 'fast-check'
import type { SimDisk } from '../../../../runtime/platform/sim-storage.ts'
import { MapStore, mapDelta } from '../../../../src/crdt/index.ts'
import { compareHlc, HlcClock, maxHlc, zeroHlc } from '../../../../src/hlc/index.ts'
import { limits } from '../../../../src/limits.ts'
import { type FileLog, mapSnapshot, recoverMap } from '../../../../src/log/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { directory, Machine } from './fixture.ts'

const test = suite('map log')

const isNumber = (value: unknown): value is number => typeof value === 'number'

function storeOf(wallMs = 1_000_000): { store: MapStore<number>; clock: HlcClock } {
  const clock = new HlcClock({ wallMs: () => wallMs })
  return { store: new MapStore({ node: 'a@h', clock, isValue: isNumber, rank: String }), clock }
}

function stateOf(store: MapStore<number>): unknown {
  return [...store.map.entries()].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** A map that stands alone, with the log of its machine. */
async function begun(machine: Machine): Promise<{ store: MapStore<number>; log: FileLog }> {
  const { log } = await machine.open()
  const { store } = storeOf()
  store.standAlone()
  return { store, log }
}

function write(store: MapStore<number>, log: FileLog, key: string, value?: number): void {
  const written = value === undefined ? store.remove(key) : store.put(key, value)
  if (written.tag === 'error') throw new Error(written.reason)
  assert.is(log.append(mapDelta([[key, written.entry]])).tag, 'ok')
}

test('the same map after a restart, and a clock past all of it (LOG-01, LOG-06)', async () => {
  const machine = new Machine(new Map())
  const { store, log } = await begun(machine)
  for (let i = 0; i < 10; i++) write(store, log, `k${i}`, i)
  write(store, log, 'k3')
  assert.is((await machine.finish(log.snapshot(mapSnapshot(store, 4)))).tag, 'ok')
  write(store, log, 'k4')
  write(store, log, 'k5', 55)
  await machine.finish(log.sync())
  // Restarted with a clock that was set back by more than a peer could be ahead.
  const { store: again, clock } = storeOf(1_000_000 - limits.hlcMaxDriftMs * 2)
  const recovery = recoverMap(again, await new Machine(machine.files).open())
  assert.equal(recovery, { refused: 0, complete: true })
  assert.equal(stateOf(again), stateOf(store))
  const last = [...store.map.entries().values()].reduce(
    (high, { dot }) => maxHlc(high, dot.hlc),
    zeroHlc,
  )
  assert.is(compareHlc(clock.now(), last), 1)
  assert.ok(again.joining, 'and pulls first')
  again.standAlone()
  assert.is(again.put('k4', 4).tag, 'ok')
})

test('a new log is an empty map', async () => {
  const { store } = storeOf()
  const opened = await new Machine(new Map()).open()
  assert.equal(recoverMap(store, opened), { refused: 0, complete: true })
  assert.ok(store.map.isEmpty)
})

test('entries that are none any more are left out and counted', async () => {
  const machine = new Machine(new Map())
  const { store, log } = await begun(machine)
  write(store, log, 'good', 1)
  log.append(new Map([['bad', [1, 0, 'a@h', 'a text']]]))
  log.append('no delta at all')
  log.append(new Map<unknown, unknown>([['k', 7]]))
  await machine.finish(log.close())
  const { store: again } = storeOf()
  assert.is(recoverMap(again, await new Machine(machine.files).open()).refused, 2)
  assert.equal([...again.map.toList()], [['good', 1]])
})

test('of a damaged snapshot the entries are kept, and what it lacks is not believed', async () => {
  const machine = new Machine(new Map())
  const { store, log } = await begun(machine)
  for (let i = 0; i < 6; i++) write(store, log, `k${i}`, i)
  write(store, log, 'k0')
  store.map.collect(new Map([['a@h', store.confirmed(['a@h'])]]), ['a@h'])
  assert.is(compareHlc(store.map.floor, zeroHlc), 1)
  await machine.finish(log.snapshot(mapSnapshot(store, 2)))
  await machine.finish(log.close())
  const path = `${directory}/store.snapshot`
  const file = machine.files.get(path)
  if (file === undefined) throw new Error('no snapshot')
  for (let at = 0; at < file.bytes.length; at++) {
    const bytes = file.bytes.slice()
    bytes[at] = bytes[at]! ^ 0x10
    const damaged: SimDisk = new Map([[path, { ...file, bytes }]])
    const { store: again } = storeOf()
    const { complete } = recoverMap(again, await new Machine(damaged).open())
    assert.not(complete, `flipped at ${at}`)
    assert.equal(again.map.floor, zeroHlc)
    for (const [key, value] of again.map.toList()) assert.is(store.map.get(key), value)
  }
})

test('a crash between snapshot and truncation replays only what is known (LOG-04)', async () => {
  const machine = new Machine(new Map())
  const { store, log } = await begun(machine)
  write(store, log, 'removed', 1)
  write(store, log, 'kept', 2)
  write(store, log, 'removed')
  await machine.finish(log.sync())
  const logFile = machine.files.get(`${directory}/store.log`)
  store.map.collect(new Map([['a@h', store.confirmed(['a@h'])]]), ['a@h'])
  await machine.finish(log.snapshot(mapSnapshot(store)))
  if (logFile === undefined) throw new Error('no log')
  machine.files.set(`${directory}/store.log`, logFile)
  const { store: again } = storeOf()
  recoverMap(again, await new Machine(machine.files).open())
  assert.equal([...again.map.toList()], [['kept', 2]])
  assert.is(again.map.tombstones, 0, 'forgotten removals stay forgotten, and hold')
})

type Step = { readonly key: number; readonly what: 'put' | 'remove' | 'snapshot' | 'sync' | 'wait' }

test('whenever the power goes, every confirmed write is reflected', async () => {
  const step = fc.record(
    {
      key: fc.nat(3),
      what: fc.constantFrom<Step['what'][]>('put', 'put', 'remove', 'snapshot', 'sync', 'wait'),
    },
    { noNullPrototype: true },
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(step, { maxLength: 40 }), async (seed, steps) => {
      const files: SimDisk = new Map()
      const machine = new Machine(files, seed, 10)
      const { store, log } = await begun(machine)
      let confirmed = new Map(store.map.entries())
      for (const [at, { key, what }] of steps.entries()) {
        if (what === 'put') write(store, log, `k${key}`, at)
        else if (what === 'remove') write(store, log, `k${key}`)
        else if (what === 'wait') await machine.pass((seed + at) % 40)
        else {
          const now = new Map(store.map.entries())
          const done = what === 'sync' ? log.sync() : log.snapshot(mapSnapshot(store, 1))
          void done.then(() => {
            confirmed = now
          })
        }
      }
      machine.disk.losePower()
      const promised = confirmed
      const { store: again } = storeOf()
      recoverMap(again, await new Machine(new Map(files)).open())
      for (const [key, { dot }] of promised) {
        const found = again.map.getEntry(key)
        assert.ok(found !== undefined && compareHlc(found.dot.hlc, dot.hlc) >= 0, key)
      }
      for (const [key, entry] of again.map.entries()) {
        const last = store.map.getEntry(key)
        assert.ok(last !== undefined && compareHlc(last.dot.hlc, entry.dot.hlc) >= 0)
      }
    }),
    { numRuns: 200 },
  )
})

test.run()
