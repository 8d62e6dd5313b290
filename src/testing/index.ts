/** For tests: clusters in simulation, and the conformance suite of the carrier port. */
export type { Path } from '../carrier/memory/index.ts'
export type { CarrierCase, CarrierSetup } from './carrier-pair.ts'
export { carrierCases } from './carrier-suite.ts'
export type { DiskLoss } from './disk.ts'
export { SimulationError } from './driver.ts'
export type { EventLog } from './event-log.ts'
export type { DiskState } from './machine.ts'
export { type BootOptions, Simulation, type SimulationOptions } from './simulation.ts'
