import type { DayTruth, Site } from './site.js';

/** The first line of a truth file (CSV). */
export const TRUTH_HEADER =
  'device_uuid,day,battery_type,commissioned_on,nominal_capacity_wh,capacity_wh,state_of_health,equivalent_full_cycles,round_trip_efficiency,charged_wh,discharged_wh,grid_import_wh,grid_export_wh,generated_wh,load_wh\n';

/** A line of it: what was true of one device on one day (UTC). */
export function truthLine(site: Site, truth: DayTruth): string {
  const { battery } = site;
  const values = [
    site.deviceId,
    dateText(truth.dayMs),
    battery.name,
    dateText(site.commissionedMs),
    battery.capacityWh,
    truth.capacityWh.toFixed(1),
    (truth.capacityWh / battery.capacityWh).toFixed(6),
    truth.equivalentFullCycles.toFixed(4),
    truth.roundTripEfficiency.toFixed(6),
    truth.chargedWh.toFixed(3),
    truth.dischargedWh.toFixed(3),
    truth.gridImportWh.toFixed(3),
    truth.gridExportWh.toFixed(3),
    truth.generatedWh.toFixed(3),
    truth.loadWh.toFixed(3),
  ];
  return `${values.join(',')}\n`;
}

function dateText(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
