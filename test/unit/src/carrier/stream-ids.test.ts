import { kindOf, MetStreams, openerOf, streamId } from '../../../../src/carrier/stream-ids.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('carrier stream ids')

test('ids are those of RFC 9000, 2.1', () => {
  assert.is(streamId('bidi', 'dialer', 0), 0)
  assert.is(streamId('bidi', 'acceptor', 0), 1)
  assert.is(streamId('uni', 'dialer', 0), 2)
  assert.is(streamId('uni', 'acceptor', 2), 11)
  for (const kind of ['bidi', 'uni'] as const) {
    for (const opener of ['dialer', 'acceptor'] as const) {
      const id = streamId(kind, opener, 123_456)
      assert.is(kindOf(id), kind)
      assert.is(openerOf(id), opener)
    }
  }
})

test('a stream is met once, whatever the order', () => {
  const met = new MetStreams()
  for (const id of [8, 0, 4, 12]) assert.is(met.meet(id), true, `first time of ${id}`)
  for (const id of [0, 4, 8, 12]) assert.is(met.meet(id), false, `second time of ${id}`)
  assert.is(met.meet(2), true, 'unidirectional ones count apart')
})

test.run()
