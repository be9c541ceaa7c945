import { expect, test } from '@jest/globals';
import { hideKeyDatabase } from '../../src/shim/hide-ours.js';

class Factory {
  constructor(private readonly names: string[]) {}

  databases(): Promise<IDBDatabaseInfo[]> {
    return Promise.resolve(this.names.map((name) => ({ name, version: 1 })));
  }
}

test('the app’s scripts see its databases, and not the one with the link key', async () => {
  const realm = { IDBFactory: class extends Factory {} };
  hideKeyDatabase(realm as unknown as { IDBFactory: { prototype: IDBFactory } });
  const factory = new realm.IDBFactory(['app', 'wingman.key', 'wingman.key.app']);
  expect(await factory.databases()).toEqual([
    { name: 'app', version: 1 },
    { name: 'wingman.key.app', version: 1 },
  ]);
});

test('a browser that lists no databases is left as it is', () => {
  const realm = { IDBFactory: { prototype: {} as IDBFactory } };
  hideKeyDatabase(realm);
  hideKeyDatabase({});
  expect(realm.IDBFactory.prototype).toEqual({});
});
