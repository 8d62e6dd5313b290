/** Metrics: the counters and histograms of one node. */
export { type Metric, type MetricLabels, Metrics, snakeCase } from './metrics.ts'
