import { KEY_DATABASE } from '../shared/shell-api.js';

/** Shows the scripts of a realm no database but the app's: many apps delete all that there are when a user logs out. */
export function hideKeyDatabase(realm: { IDBFactory?: { prototype: IDBFactory } }): void {
  const prototype = realm.IDBFactory?.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- It is called on the factory that the script has asked.
  const native = prototype?.databases;
  if (prototype === undefined || native === undefined) return;
  prototype.databases = async function (this: IDBFactory) {
    const all = await native.call(this);
    return all.filter(({ name }) => name !== KEY_DATABASE);
  };
}
