/** How rows are measured in rounds, with sides that are only numbers here. */
import { type Bench, comparison, type Side } from '../../bench/comparison.ts'
import type { Row, RowSpec } from '../../bench/row.ts'
import type { SuiteOptions } from '../../bench/suite.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('bench comparison')

const spec: RowSpec = {
  id: 'call',
  name: 'a call',
  unit: 'ns',
  better: 'lower',
  peerName: 'peer',
  needed: 1,
  aim: 2,
  operations: 5,
  options: {},
}
const alone: RowSpec = { ...spec, id: 'late', peerName: null, needed: 6, unit: 'ms' }
const options: SuiteOptions = { rounds: 2, only: undefined, operations: undefined }

type Scene = { readonly log: string[]; readonly progress: string[] }

/** Each side's value grows by one with every round it runs. */
function side(name: string, first: number, { log }: Scene): Side {
  let value = first
  return {
    name,
    run: async (row) => {
      log.push(`${name} ${row.id}`)
      return { value: value++, arrived: row.operations }
    },
  }
}

async function run(rows: readonly RowSpec[], peer: boolean, given = options) {
  const scene: Scene = { log: [], progress: [] }
  const open = async (wanted: ReadonlySet<string>): Promise<Bench> => {
    scene.log.push(`open ${[...wanted].join(' ')}`.trimEnd())
    return {
      ours: side('ours', 10, scene),
      peers: new Map(peer ? [['peer', side('peer 1.2', 30, scene)]] : []),
      checked: false,
      close: async () => {
        scene.log.push('close')
      },
    }
  }
  const report = await comparison('planted', rows, open).run(given, (line) => {
    scene.progress.push(line)
  })
  return {
    ...scene,
    report,
    rows: report.rows.map(({ id, peerName, ok }: Row) => [id, peerName, ok]),
  }
}

test('sides alternate, and the peer is shown with its version', async () => {
  const { log, rows, progress } = await run([spec], true)
  const rounds = ['ours call', 'peer 1.2 call', 'ours call', 'peer 1.2 call']
  assert.equal(log, ['open peer', ...rounds, 'close'])
  assert.equal(rows, [['call', 'peer 1.2', true]])
  assert.equal(progress, ['call 1/2: 10, peer 1.2 30 ns', 'call 2/2: 11, peer 1.2 31 ns'])
})

test('a row without a peer runs alone, also where no peer is installed', async () => {
  const { log, rows } = await run([alone], false)
  assert.equal(log, ['open', 'ours late', 'ours late', 'close'])
  assert.equal(rows, [['late', null, false]])
})

test('an absent peer is named once and leaves its rows open, and only them', async () => {
  const { rows, progress, report } = await run([spec, { ...alone, needed: 20 }], false)
  assert.equal(rows, [
    ['call', 'peer', null],
    ['late', null, true],
  ])
  assert.is(progress[0], 'peer is not installed: nothing to compare with')
  assert.is(report.ok, null)
})

test('one row can be asked for by its id', async () => {
  const { log } = await run([spec, alone], true, { ...options, rounds: 1, only: 'late' })
  assert.equal(log, ['open', 'ours late', 'close'])
})

test('an unknown row and an option of another suite are refused at once', async () => {
  const refused = async (given: object): Promise<string> =>
    run([spec], true, { ...options, ...given }).then(
      () => 'not refused',
      (error: unknown) => String(error),
    )
  assert.match(await refused({ only: 'cal' }), /no row named "cal" in planted; rows: call/)
  assert.match(await refused({ operations: 5 }), /--operations means nothing to planted/)
})

test('a round that fails is told and fails its row, and the next row is measured', async () => {
  const log: string[] = []
  const progress: string[] = []
  const open = async (): Promise<Bench> => ({
    ours: {
      name: 'ours',
      run: ({ id, operations }) =>
        id === 'late'
          ? Promise.resolve({ value: 1, arrived: operations })
          : Promise.reject(new Error('broken')),
    },
    peers: new Map(),
    checked: false,
    close: async () => {
      log.push('close')
    },
  })
  const report = await comparison('planted', [spec, alone], open).run(options, (line) => {
    progress.push(line)
  })
  assert.ok(progress.includes('call: ours failed: broken'))
  const verdicts = report.rows.map(({ id, ok }) => [id, ok])
  assert.equal(verdicts, [
    ['call', false],
    ['late', true],
  ])
  assert.is(report.ok, false)
  assert.equal(log, ['close'])
})

test.run()
