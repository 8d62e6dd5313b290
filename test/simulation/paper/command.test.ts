/** The tables as commands: rows, their text, the drawing, the options, and the last line. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert, suite } from '../../support/harness.ts'
import { asksForTable, parseTable } from './command.ts'
import { type Cost, measureCost } from './cost.ts'
import { costSvg } from './cost-plot.ts'
import { costRows } from './cost-rows.ts'
import { type PaperRow, paperResult, tableOf } from './rows.ts'

const test = suite('paper: commands and rows')

const root = fileURLToPath(new URL('../../..', import.meta.url))
const row: PaperRow = {
  metric: 'm',
  at: 'a',
  published: 1.5,
  plotted: true,
  paperProfile: 2,
  ours: null,
  tolerance: 't',
  ok: true,
}

test('a table is ok when all that is asked is, and something is', () => {
  const notAsked = { ...row, ok: null }
  assert.is(paperResult('p', 1, 1, [row, notAsked]).ok, true)
  assert.is(paperResult('p', 1, 1, [row, { ...row, ok: false }]).ok, false)
  assert.is(paperResult('p', 1, 1, [notAsked]).ok, false)
  assert.is(paperResult('p', 1, 1, []).ok, false)
})

test('rows have exactly the fields that others read', () => {
  const fields = 'metric at published plotted paperProfile ours tolerance ok'.split(' ').sort()
  for (const each of costRows(new Map([[10, cost(1)]])))
    assert.equal(Object.keys(each).sort(), fields)
})

test('a table shows what is missing, what is read off a plot, and what failed', () => {
  const [head, first, second] = tableOf([row, { ...row, ok: false }])
  assert.match(head ?? '', /^metric +at +published +paper profile +ours +asked +ok$/)
  assert.match(first ?? '', /^m +a +1\.5 ~ +2 +- +t +yes$/)
  assert.match(second ?? '', /NO$/)
})

test('options are read, and refused by name', () => {
  assert.is(asksForTable(['--seed', '1']), false)
  assert.is(asksForTable(['--paper=hyparview']), true)
  assert.is(asksForTable(['--cost', '--json']), true)
  for (const args of [['--cost'], ['--paper', 'hyparview', '--nodes', '1000', '--seeds', '2']]) {
    assert.is(parseTable(args).tag, 'ok')
  }
  for (const [args, words] of [
    [['--paper', 'toString'], /--paper: no such paper: "toString"/],
    [['--paper', 'hyparview', '--nodes', '9'], /--nodes .* got "9"/],
    [['--paper', 'hyparview', '--seeds', '0'], /--seeds .* got "0"/],
    [['--paper', 'hyparview', '--messages', 'x'], /--messages .* got "x"/],
    [['--paper', 'hyparview', '--svg', 'x.svg'], /--svg/],
    [['--paper', 'hyparview', '--cost'], /--cost/],
    [['--paper', 'hyparview', '--sed', '1'], /--sed/],
  ] as const) {
    const asked = parseTable(args)
    assert.is(asked.tag, 'error', args.join(' '))
    if (asked.tag === 'error') assert.match(asked.message, words)
  }
})

function cost(restBytes: number): Cost {
  return {
    restMessages: 60,
    restBytes,
    restMembershipBytes: restBytes,
    broadcastMessages: 4,
    broadcastBytes: 400,
    payloads: 1,
    reached: 100,
    happened: 1,
  }
}

test('cost that grows with the cluster is not ok, nor is a broadcast that misses a node', () => {
  const ok = (costs: readonly (readonly [number, Cost])[]): boolean =>
    paperResult('cost', 1, 1, costRows(new Map(costs))).ok
  assert.is(
    ok([
      [10, cost(50)],
      [100, cost(100)],
      [1_000, cost(105)],
    ]),
    true,
  )
  assert.is(
    ok([
      [10, cost(50)],
      [100, cost(100)],
      [1_000, cost(111)],
    ]),
    false,
  )
  assert.is(ok([[10, { ...cost(50), reached: 99 }]]), false)
})

test('the drawing has a point for every size, and is plain SVG', () => {
  const svg = costSvg(
    costRows(
      new Map([
        [10, cost(2_048)],
        [100, cost(4_096)],
      ]),
    ),
  )
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /)
  assert.is(svg.match(/<circle /g)?.length, 4)
  assert.match(svg, />2<\/text>/)
  assert.not.match(svg, /NaN|Infinity|undefined|<script/)
  assert.is((svg.match(/<text /g) ?? []).length, (svg.match(/<\/text>/g) ?? []).length)
  assert.not.match(costSvg([]), /NaN|Infinity|undefined/)
})

test('measured: everybody is reached, a payload is sent hardly more often than it must be', () => {
  const plan = { nodes: 40, seed: 1, restMs: 60_000, measureMs: 60_000, warmUps: 5, broadcasts: 5 }
  const measured = measureCost(plan)
  assert.is(measured.reached, 100)
  assert.ok(measured.payloads >= 1 - 1 / 40 && measured.payloads < 1.5, `${measured.payloads}`)
  assert.ok(measured.restMessages > 6 && measured.restMessages < 300, `${measured.restMessages}`)
  const perMessage = measured.restBytes / measured.restMessages
  assert.ok(perMessage > 20 && perMessage < 1_000, `${perMessage} bytes a message`)
  assert.equal(measureCost(plan), measured)
})

test(
  'the command ends with one line of JSON, and with exit code 0 only when that is ok',
  async () => {
    const command = ['--import', 'tsx', 'test/simulation/main.ts', '--paper', 'hyparview']
    const args = [...command, '--nodes', '50', '--seeds', '1', '--messages', '5', '--json']
    const run = promisify(execFile)(process.execPath, args, { cwd: root })
    const { stdout, code } = await run.then(
      ({ stdout }) => ({ stdout, code: 0 }),
      (error: { stdout: string; code: number }) => error,
    )
    const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
    assert.equal(Object.keys(last), ['ok', 'paper', 'nodes', 'seeds', 'rows'])
    assert.equal([last.paper, last.nodes, last.seeds], ['hyparview', 50, 1])
    assert.is(code, last.ok ? 0 : 1)
    const asked = last.rows.filter((each: PaperRow) => each.ok !== null)
    assert.is(
      last.ok,
      asked.every((each: PaperRow) => each.ok),
    )
  },
  { deadlineMs: 60_000 },
)

test.run()
