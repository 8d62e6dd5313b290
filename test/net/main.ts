/**
 * `npm run test:net [-- --strict] [-- --only PART]`: what a machine of one's own is needed for.
 * Every scenario starts whole nodes in OS processes of their own, real sockets between them; those
 * that need two machines get network namespaces, and are skipped, with the reason, where root or
 * iproute2 is missing. With `--strict` a skip fails. The last line is `N passed, N failed`.
 */
import { parseArgs } from 'node:util'
import { whyNoNamespaces } from './namespaces.ts'
import { runScenarios, type Scenario } from './scenario.ts'
import { attackScenarios } from './scenarios/attacks.ts'
import { clusterScenarios } from './scenarios/clusters.ts'
import { impostorScenarios } from './scenarios/impostors.ts'
import { linkScenarios } from './scenarios/links.ts'
import { nameScenarios, whyNoDnsServer } from './scenarios/names.ts'
import { pathScenarios } from './scenarios/paths.ts'
import { peerScenarios } from './scenarios/peers.ts'

const all: readonly Scenario[] = [
  ...linkScenarios,
  ...pathScenarios,
  ...attackScenarios,
  ...peerScenarios,
  ...impostorScenarios,
  ...nameScenarios,
  ...clusterScenarios,
]

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: { strict: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
  })
  const chosen = all.filter(({ name }) => name.includes(values.only))
  if (chosen.length === 0) throw new Error(`--only "${values.only}" matches no scenario`)
  const whyNot = { namespaces: whyNoNamespaces(), dnsServer: whyNoDnsServer() }
  const { passed, failed, skipped } = await runScenarios(chosen, whyNot, say)
  const reasons = [...new Set(skipped.map(({ reason }) => reason))]
  say(`${skipped.length} skipped${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`)
  const failures = failed + (values.strict ? skipped.length : 0)
  say(`${passed} passed, ${failures} failed`)
  return failures === 0
}

process.exitCode = (await main()) ? 0 : 1
