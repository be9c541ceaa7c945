/** Files that scripts/bundle.mjs puts in as text. */
declare module '*.css' {
  const text: string;
  export default text;
}
