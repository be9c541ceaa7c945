// Ten downloads of 16 MiB in a row.
import { download, rawDownload } from '../lib/in-page.mjs';
import { transfers } from '../lib/transfers.mjs';

export const downloads = transfers(download, rawDownload);
