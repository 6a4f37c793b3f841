import * as chartJs from 'chart.js/auto';
import { installUtcAdapter } from '../../charts/hooks.js';
import { offerBlocks } from './block-picker.js';
import { bringFiguresToLife } from './figures.js';
import { openNotesInPlace } from './notes.js';
import { sortAndFilterTables } from './tables.js';

installUtcAdapter(chartJs);
bringFiguresToLife();
offerBlocks();
openNotesInPlace();
sortAndFilterTables();
