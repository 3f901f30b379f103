/** The vendor's series, in the order of the columns of a chunk. */
export const SERIES_NAMES = [
  'StateOfChargePercentage',
  'BatteryPowerW',
  'GeneratedPowerW',
  'PowerSetpointW',
  'PowerSetpointExternalW',
  'GridPowerW-mainmeter',
  'GridPowerW-submeter',
  'BatteryImportKwh',
  'BatteryExportKwh',
  'GridImportKwh-mainmeter',
  'GridImportKwh-submeter',
  'GridExportKwh-mainmeter',
  'GridExportKwh-submeter',
  'GeneratedExportKwh',
] as const;

export type SeriesName = (typeof SERIES_NAMES)[number];

/** First column of the counters; those after it are counters too. */
export const FIRST_COUNTER = SERIES_NAMES.indexOf('BatteryImportKwh');

/** Column of the series that the vendor does not tell of. */
export const UNKNOWN_COLUMN = SERIES_NAMES.length;

/** What firmware may bring without notice. */
export const UNKNOWN_NAMES = [
  'BatteryTemperatureC',
  'InverterTemperatureC',
  'GridFrequencyHz-mainmeter',
] as const;

/** A meter shows kWh with two decimals: 10 Wh, as the vendor's do. */
export const COUNTER_RESOLUTION_WH = 10;

/** Decimals of a column: its numbers are whole, in units of the last decimal. */
export function decimalsOf(column: number): 0 | 2 {
  return column < FIRST_COUNTER ? 0 : 2;
}
