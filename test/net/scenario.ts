/** A scenario, and how the ones given are run: one after the other, each with a deadline. */
import { Stage } from './stage.ts'

export type Need = 'namespaces' | 'dnsServer'

export type Scenario = {
  readonly name: string
  /** `namespaces`, `dnsServer`: skipped where they are not to be had. */
  readonly needs: Need | 'loopback'
  readonly deadlineMs: number
  /** Throws what is wrong; returns what was measured, to be printed. */
  readonly run: (stage: Stage) => Promise<string>
}

export type Tally = {
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
}

export async function runScenarios(
  scenarios: readonly Scenario[],
  whyNot: Readonly<Record<Need, string | undefined>>,
  say: (line: string) => void,
): Promise<Tally> {
  const skipped: { name: string; reason: string }[] = []
  let passed = 0
  let failed = 0
  for (const scenario of scenarios) {
    const { name, needs } = scenario
    const reason = needs === 'loopback' ? undefined : whyNot[needs]
    if (reason !== undefined) {
      skipped.push({ name, reason })
      say(`skipped  ${name}: ${reason}`)
      continue
    }
    const startedMs = performance.now()
    const errors = await runOne(scenario, (measured) => {
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
      say(`passed   ${name} (${seconds} s): ${measured}`)
    })
    if (errors.length === 0) passed += 1
    else {
      failed += 1
      say(`FAILED   ${name}`)
      for (const error of errors) say(`         ${describe(error)}`)
    }
  }
  return { passed, failed, skipped }
}

async function runOne(
  { run, deadlineMs }: Scenario,
  pass: (measured: string) => void,
): Promise<readonly unknown[]> {
  const stage = new Stage()
  // Whoever interrupts a run still leaves no namespace behind.
  const interrupted = (): void => void stage.clear().then(() => process.exit(130))
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.once(signal, interrupted)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`it did not end within its deadline of ${deadlineMs} ms`)
    timer = setTimeout(() => reject(error), deadlineMs)
  })
  let measured = ''
  const errors: unknown[] = []
  try {
    measured = await Promise.race([run(stage), late])
  } catch (error) {
    errors.push(error)
  }
  clearTimeout(timer)
  errors.push(...(await stage.clear()))
  for (const signal of signals) process.off(signal, interrupted)
  if (errors.length === 0) pass(measured)
  return errors
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
