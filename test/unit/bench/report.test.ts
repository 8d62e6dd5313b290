/** What a suite prints: the table, and the shape of the line of JSON. */
import { reportOf, tableOf } from '../../bench/report.ts'
import { judge, type Row, type RowSpec } from '../../bench/row.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('bench report')

function row(id: string, ours: number, peer: number | null): Row {
  const spec: RowSpec = {
    id,
    name: id,
    unit: 'ns',
    better: 'lower',
    peerName: 'erlang',
    needed: 2,
    aim: 4,
    operations: 1,
    options: { quiet: true },
  }
  const one = (value: number) => [{ value, arrived: 1 }]
  return judge(spec, one(ours), peer === null ? null : one(peer))
}

test('the report has the keys tools read, in a line of JSON that reads back the same', () => {
  const report = reportOf('local', false, [row('a', 10, 30)])
  assert.equal(Object.keys(report), ['suite', 'ok', 'checked', 'rows'])
  const keys = 'id name unit better needed aim options ours peer peerName ratio ok rounds spread'
  assert.equal(Object.keys(report.rows[0] ?? {}).sort(), keys.split(' ').sort())
  assert.equal(JSON.parse(JSON.stringify(report)), report)
})

test('one failed row fails the suite, an absent peer leaves it open', () => {
  const good = row('a', 10, 30)
  const slow = row('b', 10, 15)
  const alone = row('c', 10, null)
  assert.is(reportOf('local', false, [good]).ok, true)
  assert.is(reportOf('local', false, [good, alone]).ok, null)
  assert.is(reportOf('local', false, [good, alone, slow]).ok, false)
})

test('a suite without rows has shown nothing', () => {
  assert.is(reportOf('local', false, []).ok, false)
})

test('the table names every row and its verdict', () => {
  const rows = [row('fast', 10, 30), row('slow', 10, 15), row('alone', 10, null)]
  const [head = '', ...lines] = tableOf(reportOf('local', false, rows))
  assert.match(head, /row +ours +versus +theirs +ratio/)
  assert.match(lines[0] ?? '', /^fast +10 ns +erlang +30 ns +3x +2x +4x +0 % +ok$/)
  assert.match(lines[1] ?? '', /^slow .* FAILED$/)
  assert.match(lines[2] ?? '', /^alone +10 ns +erlang +- +- .* no peer$/)
})

test('bounds are shown on the scale they are on, or not at all', () => {
  const late = { ...row('late', 1.5, null), peerName: null, unit: 'ms', ok: true }
  const told = { ...row('told', 10, 5), needed: null, aim: null, ok: true }
  const [, ...lines] = tableOf(reportOf('local', false, [late, told]))
  assert.match(lines[0] ?? '', /^late +1.5 ms +- +- +- +2 ms +4 ms +0 % +ok$/)
  assert.match(lines[1] ?? '', /^told +10 ns +erlang +5 ns +0.5x +- +- +0 % +ok$/)
})

test.run()
