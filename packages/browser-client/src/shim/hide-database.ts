import { KEY_DATABASE } from '../shared/shell-api.js';
import { around } from './before-call.js';

/** Shows the scripts of a realm no database but the app's: many apps delete all that there are when a user logs out. */
export function hideKeyDatabase(realm: { IDBFactory?: { prototype: IDBFactory } }): void {
  const prototype = realm.IDBFactory?.prototype;
  if (prototype === undefined || !('databases' in prototype)) return;
  around(prototype, 'databases', async (native, self) => {
    const all = (await Reflect.apply(native, self, [])) as IDBDatabaseInfo[];
    return all.filter(({ name }) => name !== KEY_DATABASE);
  });
}
