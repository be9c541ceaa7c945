// An SVG that shows pictures one after the other: it needs no encoder, and browsers and repositories play it in an <img>.

const CAPTION = 34;

/**
 * `scenes` are { title, seconds, webp }, of one size. Whoever has asked for less motion sees the one with `still` alone.
 */
export function movingPicture(scenes, { width, height }) {
  const total = scenes.reduce((sum, { seconds }) => sum + seconds, 0);
  let at = 0;
  const drawn = scenes.map(({ title, seconds, webp, still }, number) => {
    const [from, to] = [at / total, (at + seconds) / total].map((part) => (part * 100).toFixed(2));
    at += seconds;
    return {
      rule: `@keyframes s${number}{0%{opacity:${number === 0 ? 1 : 0}}${number === 0 ? '' : `${from}%{opacity:1}`}${to}%{opacity:0}}#s${number}{animation-name:s${number}}`,
      element: `<g id="s${number}"${still === true ? ' class="still"' : ''}><rect width="${width}" height="${CAPTION}" fill="#23272f"/><text x="14" y="23">${title}</text><image y="${CAPTION}" width="${width}" height="${height}" href="data:image/webp;base64,${webp.toString('base64')}"/></g>`,
    };
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + CAPTION}" width="${width}" height="${height + CAPTION}">
<style>text{font:600 15px system-ui,sans-serif;fill:#e6e9ee}g{opacity:0;animation:${total}s step-end infinite}.still{opacity:1}
@media(prefers-reduced-motion:reduce){g{animation:none}}
${drawn.map(({ rule }) => rule).join('\n')}</style>
${drawn.map(({ element }) => element).join('\n')}
</svg>
`;
}
