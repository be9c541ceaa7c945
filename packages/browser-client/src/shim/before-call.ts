type Method = (...args: unknown[]) => unknown;

/** Lets `act` see and change the arguments of a method. A proxy keeps the method's name, length and text. */
export function beforeCall(
  target: object,
  name: string,
  act: (args: unknown[], self: unknown) => void,
): void {
  around(target, name, (native, self, args) => {
    act(args, self);
    return Reflect.apply(native, self, args);
  });
}

/** Has `act` called in place of a method, wherever on the prototype chain the method is. */
export function around(
  target: object,
  name: string,
  act: (native: Method, self: unknown, args: unknown[]) => unknown,
): void {
  const above: unknown = Object.getPrototypeOf(target);
  if (!Object.hasOwn(target, name) && typeof above === 'object' && above !== null) {
    return around(above, name, act);
  }
  const native = Reflect.get(target, name) as Method;
  Reflect.set(target, name, new Proxy(native, { apply: act }));
}
