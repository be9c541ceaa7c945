// Ten uploads of 16 MiB in a row.
import { rawUpload, upload } from '../lib/in-page.mjs';
import { transfers } from '../lib/transfers.mjs';

export const uploads = transfers(upload, rawUpload);
