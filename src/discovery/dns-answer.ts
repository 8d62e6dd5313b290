/**
 * DNS answers, decoded: what a server says is not believed to be of the right type, in range, or
 * few. Order of services as RFC 2782 wants it: by priority, within one by chance according to
 * weight, a weight of 0 after almost all others.
 */
import { limits } from '../limits.ts'
import { isDialledLiteral, isIpv4, isPort } from './address.ts'

/** Where a service is, by a name that is still to be resolved. */
export type Target = { readonly name: string; readonly port: number }

type Service = Target & { readonly priority: number; readonly weight: number }

const targetForm = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$/
const sixteenBits = 65_535
/** Records that are looked at, useful or not. */
const recordsMax = 256

/** The first IP literals of an answer that are of the family asked for, without repetitions. */
export function addressesIn(records: readonly unknown[], family: 4 | 6): readonly string[] {
  const literals = records.slice(0, recordsMax).filter(isDialledLiteral)
  const ofFamily = literals.filter((literal) => isIpv4(literal) === (family === 4))
  return [...new Set(ofFamily)].slice(0, limits.discoveryAddressesMax)
}

/**
 * The targets to be tried, in order, at most `discoveryTargetsMax`. `withdrawn`: the domain says
 * that it has no such service (a single record whose target is the root).
 */
export function targetsIn(
  records: readonly unknown[],
  unit: () => number,
): readonly Target[] | 'withdrawn' {
  if (records.length === 1 && isWithdrawal(records[0])) return 'withdrawn'
  const left = records.slice(0, recordsMax).filter(isService)
  const chosen: Target[] = []
  while (left.length > 0 && chosen.length < limits.discoveryTargetsMax) {
    const [service] = left.splice(indexOfNext(left, unit()), 1)
    if (service !== undefined) chosen.push({ name: service.name, port: service.port })
  }
  return chosen
}

/** A draw among those of the lowest priority. */
function indexOfNext(services: readonly Service[], draw: number): number {
  const lowest = Math.min(...services.map(({ priority }) => priority))
  const eligible = services.flatMap(({ priority }, at) => (priority === lowest ? [at] : []))
  const weightOf = (at: number): number => services[at]?.weight ?? 0
  const total = eligible.reduce((sum, at) => sum + weightOf(at), 0)
  let rest = draw * total
  for (const at of eligible) {
    rest -= weightOf(at)
    if (rest < 0) return at
  }
  return eligible[0] ?? 0
}

function isService(record: unknown): record is Service {
  if (typeof record !== 'object' || record === null) return false
  if (!('name' in record && 'port' in record && 'priority' in record && 'weight' in record)) {
    return false
  }
  const { name, port, priority, weight } = record
  if (typeof name !== 'string' || !targetForm.test(name)) return false
  return isPort(port) && isShort(priority) && isShort(weight)
}

function isShort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= sixteenBits
}

function isWithdrawal(record: unknown): boolean {
  if (typeof record !== 'object' || record === null || !('name' in record)) return false
  return record.name === '' || record.name === '.'
}
