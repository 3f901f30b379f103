import { BUNDLED_DATA } from '../folders.js';
import { writeBundledData } from './bundled-data.js';

writeBundledData(BUNDLED_DATA);
