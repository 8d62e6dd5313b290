import fc from 'fast-check'
import { limits } from '../../../../src/limits.ts'
import { type Metric, Metrics } from '../../../../src/metrics/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('metrics')

function counterOf(metrics: Metrics, name: string, labels = {}): number | undefined {
  const shown = JSON.stringify(labels)
  const found = metrics
    .read()
    .find((metric) => metric.name === name && JSON.stringify(metric.labels) === shown)
  return found?.kind === 'counter' ? found.value : undefined
}

test('a counter adds up, apart for every name and labels', () => {
  const metrics = new Metrics()
  metrics.count('a')
  metrics.count('a', {}, 4)
  metrics.count('a', { x: '1' })
  metrics.count('b', { x: '1', y: '2' })
  metrics.count('b', { y: '2', x: '1' })
  assert.is(counterOf(metrics, 'a'), 5)
  assert.is(counterOf(metrics, 'a', { x: '1' }), 1)
  assert.is(counterOf(metrics, 'b', { x: '1', y: '2' }), 2, 'whatever the order of the labels')
  assert.is(metrics.read().length, 3)
})

test('a histogram has count, sum, greatest value and buckets that add up', () => {
  const metrics = new Metrics()
  for (const value of [0.4, 1, 1.5, 700, 99_999]) metrics.record('took_ms', {}, value)
  const [found] = metrics.read()
  if (found?.kind !== 'histogram') throw new Error('no histogram')
  assert.equal([found.count, found.sum, found.max], [5, 100_701.9, 99_999])
  const filled = found.buckets.filter(({ count }) => count > 0)
  assert.equal(filled, [
    { upTo: 1, count: 2 },
    { upTo: 2, count: 1 },
    { upTo: 1000, count: 1 },
    { upTo: Number.POSITIVE_INFINITY, count: 1 },
  ])
})

test('a counter and a histogram may share a name', () => {
  const metrics = new Metrics()
  metrics.count('x')
  metrics.record('x', {}, 1)
  assert.equal(
    metrics.read().map(({ kind }) => kind),
    ['counter', 'histogram'],
  )
})

test('what is read does not change any more, and changes nothing', () => {
  const metrics = new Metrics()
  metrics.count('a')
  const before = metrics.read()
  metrics.count('a')
  assert.is(before[0]?.kind === 'counter' && before[0].value, 1)
  for (const metric of before) Object.assign(metric, { value: 99, name: 'bent' })
  assert.is(counterOf(metrics, 'a'), 2)
})

test('the number of series is bounded; what is beyond is counted together', () => {
  const metrics = new Metrics()
  for (let n = 0; n < limits.metricSeriesMax + 500; n++) metrics.count('many', { n: String(n) })
  for (let n = 0; n < 500; n++) metrics.record('late_ms', { n: String(n) }, 3)
  assert.is(metrics.read().length, limits.metricSeriesMax + 2)
  assert.is(counterOf(metrics, 'many', { overflow: 'true' }), 500)
  const late = metrics.read().find(({ name }) => name === 'late_ms')
  assert.is(late?.kind === 'histogram' && late.count, 500)
  metrics.count('many', { n: '7' })
  assert.is(counterOf(metrics, 'many', { n: '7' }), 2, 'those that are there go on')
})

test('two registries know nothing of each other', () => {
  const [one, other] = [new Metrics(), new Metrics()]
  one.count('a')
  assert.equal(other.read(), [])
})

test('no label can be mistaken for another', () => {
  const text = fc.string({ maxLength: 4 })
  const labels = fc.dictionary(text, text, { maxKeys: 3 })
  fc.assert(
    fc.property(labels, labels, (left, right) => {
      const metrics = new Metrics()
      metrics.count('a', left)
      metrics.count('a', right)
      const sorted = (of: Metric['labels']): string => JSON.stringify(Object.entries(of).sort())
      assert.is(metrics.read().length, sorted(left) === sorted(right) ? 1 : 2)
    }),
  )
})

test.run()
