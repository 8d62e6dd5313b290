/** The programs of `dist` with few operations: two OS processes, and every count is right. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buildProgram } from '../../bench/build.ts'
import { writeCredentials } from '../../bench/dist/credentials.ts'
import { erlangSides } from '../../bench/dist/erlang.ts'
import { ourSide } from '../../bench/dist/ours.ts'
import { distRows } from '../../bench/dist/rows.ts'
import type { RowSpec } from '../../bench/row.ts'
import { readMeasured, runProgram } from '../../bench/sample.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'

const test = suite('bench dist')

async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'skein-bench-test-'))
  cleanup(() => rm(made, { recursive: true, force: true }))
  return made
}

function specOf(id: string, operations: number): RowSpec {
  const spec = distRows.find((row) => row.id === id)
  if (spec === undefined) throw new Error(`no row is named ${id}`)
  return { ...spec, operations }
}

test(
  'our side counts at the receiver, on loopback and over a path that loses',
  async () => {
    const { side, checked } = await ourSide(await directory())
    assert.is(checked, false)
    const rows: readonly (readonly [id: string, operations: number])[] = [
      ['dist-call-vs-bare', 50],
      ['dist-oneway-vs-erlang-tls', 2_000],
      ['dist-bulk-vs-bare', 20],
      ['dist-lossy-5', 8],
      ['connect-auth-ms-noble', 3],
      ['connects-per-sec', 16],
      ['idle-channel-bytes', 5],
    ]
    for (const [id, operations] of rows) {
      assert.is((await side.run(specOf(id, operations))).arrived, operations, id)
    }
  },
  { deadlineMs: 120_000 },
)

test(
  'the bare binding echoes and counts what came',
  async () => {
    const made = await directory()
    const { certPath } = await writeCredentials(join(made, 'tls'))
    const entry = new URL('../../bench/dist/bare.ts', import.meta.url)
    const program = await buildProgram(entry, join(made, 'bare'))
    for (const [id, operations] of [
      ['dist-call-vs-bare', 50],
      ['dist-bulk-vs-bare', 40],
    ]) {
      const output = await runProgram(program, [`${id}`, String(operations), dirname(certPath)])
      assert.is(readMeasured(output).arrived, operations, `${id}`)
    }
  },
  { deadlineMs: 60_000 },
)

test(
  'Erlang, where it is installed, counts at the receiver too',
  async () => {
    const made = await directory()
    const credentials = await writeCredentials(join(made, 'tls'))
    const sides = await erlangSides(join(made, 'erlang'), credentials)
    for (const [name, side] of sides) {
      assert.match(name, /^erlang-(tcp|tls)$/)
      for (const kind of ['call', 'oneway', 'bulk']) {
        const spec = specOf(`dist-${kind}-vs-${name}`, 30)
        assert.is((await side.run(spec)).arrived, 30, spec.id)
      }
    }
    assert.ok(sides.size <= 2)
  },
  { deadlineMs: 60_000 },
)

test('ids are unique, and what the issue asks for is held to a bound', () => {
  const ids = distRows.map(({ id }) => id)
  assert.is(new Set(ids).size, ids.length)
  const bounds = Object.fromEntries(distRows.map(({ id, needed, aim }) => [id, [needed, aim]]))
  assert.equal(bounds['dist-call-vs-bare'], [0.7, 0.9])
  assert.equal(bounds['dist-bulk-vs-erlang-tls'], [1, 4])
  assert.equal(bounds['idle-channel-bytes'], [120_000, 70_000])
  const { detailMax } = specOf('dist-loaded-p99', 1)
  assert.equal(detailMax, { maxMs: 50 })
})

test.run()
