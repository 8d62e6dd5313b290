/** The compiled programs of `local` with few operations: they run, and count what has arrived. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProgram } from '../../bench/build.ts'
import { librarySides } from '../../bench/library/sides.ts'
import { localRows } from '../../bench/local/rows.ts'
import type { RowSpec } from '../../bench/row.ts'
import { readMeasured, runProgram } from '../../bench/sample.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'

const test = suite('bench programs')
const libraries = ['nact', 'comedy', 'xstate'] as const

async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'skein-bench-test-'))
  cleanup(() => rm(made, { recursive: true, force: true }))
  return made
}

function specOf(id: string): RowSpec {
  const spec = localRows.find((row) => row.id === id)
  if (spec === undefined) throw new Error(`no row is named ${id}`)
  return spec
}

test(
  'rows of inline servers and of a flooded thread count what they saw',
  async () => {
    const entry = new URL('../../bench/local/program.ts', import.meta.url)
    const program = await buildProgram(entry, await directory())
    const run = async (id: string, operations: number) => {
      const { options } = specOf(id)
      const args = [id, String(operations), JSON.stringify(options)]
      return readMeasured(await runProgram(program, args))
    }
    assert.is((await run('call-direct', 1_000)).arrived, 1_000)
    assert.is((await run('cast-burst-1m-drain', 1_000)).arrived, 1_000)
    for (const id of ['timer-p99-flood', 'tcp-echo-p99-flood']) {
      const { arrived, detail } = await run(id, 20)
      assert.is(arrived, 20, id)
      assert.ok((detail?.messages ?? 0) > 0, id)
    }
  },
  { deadlineMs: 90_000 },
)

test(
  'every library tells and asks, and each addition arrives',
  async () => {
    const sides = await librarySides(new Set(libraries), await directory())
    assert.equal([...sides.keys()], [...libraries])
    for (const [name, side] of sides) {
      assert.match(side.name, new RegExp(`^${name} \\d`))
      for (const kind of ['tell', 'ask']) {
        const spec = { ...specOf(`${name}-${kind}`), operations: 2_000 }
        assert.is((await side.run(spec)).arrived, 2_000, spec.id)
      }
    }
  },
  { deadlineMs: 90_000 },
)

test('peers that are no libraries are left to others', async () => {
  assert.is((await librarySides(new Set(['erlang']), 'never made')).size, 0)
})

test('ids of rows are unique, and only a row beside somebody has a ratio to reach', () => {
  const ids = localRows.map(({ id }) => id)
  assert.is(new Set(ids).size, ids.length)
  const alone = localRows.filter(({ peerName }) => peerName === null)
  assert.equal(
    alone.map(({ id, unit }) => [id, unit]),
    [
      ['timer-p99-flood', 'ms'],
      ['tcp-echo-p99-flood', 'ms'],
    ],
  )
})

test.run()
