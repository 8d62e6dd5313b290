/** The conformance topics where `there` is the node of `here`. */
import { suite } from '../../support/harness.ts'
import { topics } from '../topics/index.ts'
import { placeOf } from '../topics/topic.ts'
import { oneNode } from './one-node.ts'

for (const { subject, modules, cases } of topics) {
  const test = suite(`otp: ${subject} on one node`)
  for (const { rule, name, run } of cases) {
    test(`${rule} ${name}`, async () => {
      const node = oneNode(modules)
      await run(placeOf(node, node.name))
    })
  }
  test.run()
}
