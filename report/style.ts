import { heatLevels } from './charts/heatMap.ts'

/** Of the colours for loss and gain, so much per cent at each level; the rest is the page's ground. */
const strengths = [10, 20, 32, 45, 60, 78, 100]

/** Colours of the series: told apart by colour-blind eyes, at least 3:1 against the ground. */
const light = ['#005f9e', '#b84a00', '#00755a', '#a03f78', '#7a5c00', '#5b4bc4', '#3d3d3d', '#a8231c']
const dark = ['#63b8f0', '#ff9550', '#3dcca4', '#e99ac8', '#e3c432', '#b3a6ff', '#cfcfcf', '#ff8a80']

function seriesVariables(colours: readonly string[]): string {
  return colours.map((colour, i) => `--s${i}:${colour}`).join(';')
}

function heatRules(): string {
  return heatLevels
    .flatMap((_, i) =>
      ['loss', 'gain'].map(
        (kind) => `.${kind}${i + 1}{background:color-mix(in srgb,var(--heat-${kind}) ${strengths[i]}%,var(--ground))}`,
      ),
    )
    .join('\n')
}

/** The style sheet. Light unless a screen asks for dark; paper is always light. */
export const style = `
:root{color-scheme:light;--ground:#fff;--panel:#fff;--text:#1b1f24;--soft:#57606a;--rule:#d5dae0;--grid:#e6e9ed;--bar:#8fb6d9;
--loss:#c24e00;--gain:#00679e;--heat-loss:#f28a33;--heat-gain:#5fa8dc;${seriesVariables(light)}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--ground:#14171b;--panel:#1a1e23;--text:#e6e9ed;--soft:#a3adb8;
--rule:#3a424b;--grid:#2c333a;--bar:#3d6a94;--loss:#ff9550;--gain:#63b8f0;--heat-loss:#a84a00;--heat-gain:#0f6299;${seriesVariables(dark)}}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:72rem;background:var(--ground);color:var(--text);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 .5rem}
h1,h2,p,code,figcaption,li{overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2rem 0 .75rem;padding-bottom:.25rem;border-bottom:1px solid var(--rule)}
header p{margin:.25rem 0;color:var(--soft)}
code{font:0.875rem/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
a{color:var(--gain)}
nav ul,.legend,.steps{display:flex;flex-wrap:wrap;list-style:none;margin:.5rem 0;padding:0}
nav ul{gap:.25rem 1.25rem}
nav a{display:inline-block;padding:.25rem 0}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));gap:1rem;align-items:start}
figure{margin:0;padding:.75rem;border:1px solid var(--rule);border-radius:6px;background:var(--panel);min-width:0}
figure.wide,.fold{grid-column:1/-1}
figcaption strong{display:block}
figcaption{margin-bottom:.5rem;max-width:50rem;font-size:.9375rem;line-height:1.45}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19.5rem),1fr));gap:.75rem 1rem;align-items:start}
.column .panels{grid-template-columns:minmax(0,1fr)}
.panels>.scroll{grid-column:1/-1}
.heat-panels{grid-column:1/-1;min-width:0;display:flex;flex-wrap:wrap;gap:1rem 2rem}
svg{display:block;width:100%;height:auto;max-width:26rem;overflow:visible}
svg text{font-size:11px;fill:var(--text)}
svg .title{font-size:12px;font-weight:600}
svg .group{font-weight:600}
svg .tick,svg .axis{fill:var(--soft);font-variant-numeric:tabular-nums}
svg .value{font-variant-numeric:tabular-nums}
.grid{stroke:var(--grid);fill:none}
.range{stroke:var(--soft);stroke-width:6;stroke-opacity:.28;fill:none}
.median,.total{stroke:var(--text);stroke-width:2;fill:none}
.connector{stroke:var(--soft);stroke-dasharray:2 2;fill:none}
.mark{fill:var(--c);stroke:var(--panel);stroke-width:1}
.line{fill:none;stroke:var(--c);stroke-width:1.75;stroke-linejoin:round}
.after{fill:var(--bar);stroke:none}
.before{fill:none;stroke:var(--text);stroke-width:1}
.threshold{stroke:var(--loss);stroke-width:1.5;stroke-dasharray:4 3;fill:none}
path.loss{fill:var(--loss)}
path.gain{fill:var(--gain)}
${light.map((_, i) => `.s${i}{--c:var(--s${i})}`).join('')}
.legend{gap:.125rem 1rem;font-size:.8125rem}
.legend li{display:flex;align-items:center;gap:.35rem}
svg.key{flex:none;width:14px;height:14px}
.steps{font-size:.75rem;font-variant-numeric:tabular-nums}
.steps li{padding:.05rem .4rem;border:1px solid var(--rule);border-left-width:0}
.steps li:first-child{border-left-width:1px}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-size:.8125rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .5rem;text-align:left;border-bottom:1px solid var(--grid);white-space:nowrap;unicode-bidi:isolate}
thead th{border-bottom:1px solid var(--rule);vertical-align:bottom}
.n{text-align:right}
.heat td,.heat thead th:not(:first-child){text-align:center;min-width:4.25rem}
.heat thead th{white-space:normal}
.heat td{border:1px solid var(--panel)}
.heat th:first-child{position:sticky;left:0;background:var(--panel)}
.heat small{display:block;font-size:.6875rem;line-height:1.2}
.heat .plain th,.heat .plain td{font-weight:400;color:var(--soft)}
${heatRules()}
details:not(.fold){margin-top:.5rem;font-size:.875rem}
summary{cursor:pointer;color:var(--soft);padding:.25rem 0}
.fold>summary{color:var(--text);font-weight:600}
.fold[open]>summary{margin-bottom:.5rem}
details:not(.fold)>.scroll{max-height:24rem;overflow:auto}
@media screen and (min-width:30.01rem){wbr{display:none}}
@media screen and (max-width:30rem){
td:first-child:not(.n){min-width:9rem}
.heat td:first-child{min-width:0}
.heat th,.heat td{padding:.2rem .25rem;white-space:normal}
.heat th:first-child{max-width:8rem}
.heat small{font-size:.625rem;white-space:nowrap}
}
@media print{
@page{margin:14mm}
body{padding:0;max-width:none;font-size:10pt}
nav,details:not([open],.fold){display:none}
figure{break-inside:avoid}
figure:has(details[open]){grid-column:1/-1;break-inside:auto}
h2{break-after:avoid}
.scroll,details:not(.fold)>.scroll{overflow:visible;max-height:none}
table{font-size:7.5pt}
th,td{white-space:normal;padding:.15rem .3rem}
.heat td,.heat thead th:not(:first-child){min-width:0}
.heat small{font-size:6pt}
tr,svg{break-inside:avoid}
td,li,svg *{-webkit-print-color-adjust:exact;print-color-adjust:exact}
.heat th:first-child{position:static}
}
`
