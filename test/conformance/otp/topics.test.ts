/** The conformance topics where `there` is the node of `here`. */
import { startRuntime } from '../../../runtime/index.ts'
import { cleanup, suite } from '../../support/harness.ts'
import { topics } from '../topics/index.ts'
import { placeOf } from '../topics/topic.ts'

for (const { subject, modules, cases } of topics) {
  const test = suite(`otp: ${subject} on one node`)
  for (const { rule, name, run } of cases) {
    test(`${rule} ${name}`, async () => {
      const node = startRuntime({ name: 'one@localhost', modules })
      cleanup(() => node.stop())
      await run(placeOf(node, node.name))
    })
  }
  test.run()
}
