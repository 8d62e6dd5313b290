/**
 * The conformance suite of the carrier port: what every carrier must do, whatever it is made of.
 * Independent of a test runner: each case throws on failure. A carrier's own test file gives a
 * fresh `CarrierSetup` to every case.
 */
import { connectionCases } from './carrier-connection-cases.ts'
import type { CarrierCase } from './carrier-pair.ts'
import { streamCases } from './carrier-stream-cases.ts'

/** Every case, the simplest first. */
export const carrierCases: readonly CarrierCase[] = [...connectionCases, ...streamCases]
