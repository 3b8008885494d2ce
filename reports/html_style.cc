// Colours and their contrast: two ramps of the hues of Okabe and Ito ("Color Universal Design",
// 2008), darkened on white and lightened on near-black until each has at least 4.5 : 1 against its
// ground (WCAG 2.2, 1.4.3). What they mean is also said by dash, pattern, mark or word.
#include "reports/html_assets.h"

namespace squall {
namespace {

constexpr std::string_view kStyle = R"css(
:root{--bg:#fff;--ink:#1f2328;--mute:#57606a;--line:#d8dee4;--soft:#f4f6f8;--band:#57606a;
 --blue:#0072b2;--red:#c04a00;--green:#007a5a;--purple:#a64d79;--amber:#9a6a00;--grey:#57606a;
 --shade:0 114 178;color-scheme:light}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){--bg:#0d1117;--ink:#e6edf3;
 --mute:#9aa4ae;--line:#30363d;--soft:#161b22;--band:#8b949e;--blue:#56b4e9;--red:#ff8a3d;
 --green:#2cc295;--purple:#e29ac4;--amber:#e69f00;--grey:#8b949e;--shade:86 180 233;
 color-scheme:dark}}
:root[data-theme=dark]{--bg:#0d1117;--ink:#e6edf3;--mute:#9aa4ae;--line:#30363d;--soft:#161b22;
 --band:#8b949e;--blue:#56b4e9;--red:#ff8a3d;--green:#2cc295;--purple:#e29ac4;--amber:#e69f00;
 --grey:#8b949e;--shade:86 180 233;color-scheme:dark}
*{box-sizing:border-box}
html{scroll-padding-top:52px}
body{margin:0;background:var(--bg);color:var(--ink);
 font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
 -webkit-text-size-adjust:100%}
header,main,nav ul{max-width:1120px;margin:0 auto;padding:0 20px}
header{position:relative;padding-top:28px;padding-bottom:12px}
h1{font-size:30px;line-height:1.2;margin:2px 48px 6px 0;letter-spacing:-.01em;
 overflow-wrap:anywhere}
h2{font-size:21px;line-height:1.3;margin:0 0 6px;letter-spacing:-.005em}
h3{font-size:16px;margin:20px 0 6px;overflow-wrap:anywhere}
section{padding:30px 0 12px;border-top:1px solid var(--line)}
section:first-of-type{border-top:0;padding-top:22px}
p{margin:0 0 12px;max-width:76ch}
.lead,.facts,figcaption,caption,small{color:var(--mute)}
.kicker{margin:0;color:var(--mute);font-size:13px;letter-spacing:.04em}
.facts{margin:0;padding:0;list-style:none;overflow-wrap:anywhere}
.facts b{color:var(--ink);font-weight:600}
.world{color:var(--ink);font-weight:600}
small{font-size:13px}
a{color:var(--blue)}
code{font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
 overflow-wrap:anywhere}
button,input{font:inherit;color:inherit;background:var(--soft);border:1px solid var(--line);
 border-radius:6px;padding:3px 10px}
button{cursor:pointer}
:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
.js{display:none}
html.scripted .js{display:revert}
.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.skip{position:absolute;left:-999px}
.skip:focus{left:12px;top:8px;background:var(--bg);padding:6px 12px;z-index:9}
.theme{position:absolute;right:20px;top:28px;font-size:17px;line-height:1.3}
nav{position:sticky;top:0;z-index:5;background:var(--bg);border-bottom:1px solid var(--line)}
nav ul{display:flex;gap:4px 18px;list-style:none;overflow-x:auto;padding-top:9px;
 padding-bottom:9px;scrollbar-width:none}
nav a{color:var(--mute);text-decoration:none;white-space:nowrap;font-size:14px}
nav a:hover,nav a:focus{color:var(--ink);text-decoration:underline}
.banner{border-left:4px solid var(--grey);background:var(--soft);padding:10px 14px;max-width:none}
.banner.good{border-color:var(--blue)}
.banner.bad{border-color:var(--red)}
.banner.open{border-color:var(--amber)}
.banner p:last-child,.banner table{margin-bottom:4px}
.tiles{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:18px 24px;
 margin:18px 0 26px}
.tile{border-top:2px solid var(--line);padding-top:8px}
.tile dt{color:var(--mute);font-size:13px}
.tile dd{margin:0}
.tile b{display:block;font-size:25px;line-height:1.25;font-weight:600;
 font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.tile small{display:block;line-height:1.35}
.tile.main{border-color:var(--blue);border-top-width:4px;padding-top:6px}
.tile.main b{color:var(--blue);font-size:34px;line-height:1.15}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));
 gap:8px 40px}
.pair>div{min-width:0}
@media (min-width:980px){.p3{grid-template-columns:repeat(3,minmax(0,1fr));gap:8px 28px}}
figure{margin:14px 0 22px;min-width:0;break-inside:avoid}
.note{font-size:14px;color:var(--mute)}
figcaption{font-size:14px;margin-bottom:4px}
figcaption b{color:var(--ink)}
.legend{font-size:13px;color:var(--mute);margin:0 0 6px;display:flex;flex-wrap:wrap;gap:2px 18px;
 max-width:none}
.legend svg{vertical-align:-1px}
.chart{position:relative;border-radius:4px}
.chart svg{display:block}
svg text{-webkit-user-select:none;user-select:none;font-size:12px;
 fill:var(--ink);font-variant-numeric:tabular-nums}
.chart .plot{margin-left:52px;width:calc(100% - 60px);overflow:visible}
[data-zoom] .chart{touch-action:pan-y;cursor:crosshair}
.ax line{stroke:var(--line);stroke-width:1}
.ax text,.axw,.small{fill:var(--mute)}
.bl{fill:var(--purple);font-weight:600}
.axw,.small,.bl{font-size:11.5px}
.base{stroke:var(--line)}
.ln{fill:none;stroke-width:1.6;stroke-linejoin:round;vector-effect:non-scaling-stroke}
.ar{fill:var(--grey);fill-opacity:.2}
.thick{stroke-width:2.4}
.dash{stroke-dasharray:6 4}
.dot{stroke-dasharray:1.5 4;stroke-linecap:round;stroke-width:2.4}
.ln.i-blue{stroke:var(--blue)}.ln.i-red{stroke:var(--red)}.ln.i-green{stroke:var(--green)}
.ln.i-purple{stroke:var(--purple)}.ln.i-amber{stroke:var(--amber)}.ln.i-grey{stroke:var(--grey)}
.fl.i-blue,.fl.e-strict{fill:var(--blue)}.fl.i-red{fill:var(--red)}.fl.i-green{fill:var(--green)}
.fl.i-purple{fill:var(--purple)}.fl.i-amber{fill:var(--amber)}.fl.i-grey{fill:var(--grey)}
.fl.pale{fill-opacity:.3}
.fl.half{fill-opacity:.45;stroke-width:1;vector-effect:non-scaling-stroke}
.fl.half.i-red{stroke:var(--red)}.fl.half.i-amber{stroke:var(--amber)}
.fl.half.i-grey{stroke:var(--grey)}
.fl.e-false{fill:url(#p-false)}.fl.e-abstained{fill:url(#p-abstained)}
 .fl.e-late{fill:url(#p-late)}
.p-red{fill:var(--red)}.p-amber{fill:var(--amber)}.p-grey{fill:var(--grey)}
.p-line{stroke:var(--bg);stroke-width:1.5;stroke-opacity:.55}
.p-dot{fill:var(--bg);fill-opacity:.6}
.band{fill:var(--purple);fill-opacity:.13}
.inbar{fill:var(--bg);font-weight:600}
.rowname{font-weight:600;font-size:13px}
.whisker line{stroke:var(--ink);stroke-width:1.6}
.ceiling{stroke:var(--ink);stroke-width:1.6;stroke-dasharray:3 2}
.mini{display:block;margin-top:3px}
.track{fill:var(--line);fill-opacity:.55}
.halo{paint-order:stroke;stroke:var(--bg);stroke-width:3.5px;stroke-linejoin:round}
.halo .num{fill:var(--mute)}
.flow{fill:none;stroke-opacity:.42}
.flow.e-strict{stroke:var(--blue)}.flow.e-false{stroke:var(--red)}
.flow.e-abstained{stroke:var(--amber)}.flow.e-late{stroke:var(--grey)}
.flows:hover .flow{stroke-opacity:.16}
.flows .flow:hover{stroke-opacity:.85}
.node{fill:var(--ink)}
.range{stroke:var(--grey);stroke-width:2}
.m1{fill:var(--blue)}.m2{fill:var(--bg);stroke:var(--blue);stroke-width:2}
.m3{fill:var(--red)}.m4{fill:var(--bg);stroke:var(--red);stroke-width:2}
.cross{stroke:var(--ink);stroke-width:1;stroke-dasharray:2 2;pointer-events:none}
.pick{fill:var(--blue);fill-opacity:.15;pointer-events:none}
#tip{position:fixed;z-index:8;background:var(--ink);color:var(--bg);font-size:12.5px;
 line-height:1.4;padding:5px 9px;border-radius:5px;pointer-events:none;max-width:280px;
 font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto;max-width:100%}
.scroll.wide>svg{min-width:700px}
table{border-collapse:collapse;font-size:14px;margin:4px 0 14px;font-variant-numeric:tabular-nums}
caption{text-align:left;font-size:13px;padding:4px 0;white-space:nowrap}
th,td{padding:4px 8px 4px 0;text-align:right;white-space:nowrap;vertical-align:top;
 border-bottom:1px solid var(--line)}
td+td,th+td,th+th{padding-left:6px}
th{font-weight:400}
thead th{color:var(--mute);font-size:13px;vertical-align:bottom;border-bottom-color:var(--grey)}
tbody th{text-align:left}
.l{text-align:left}
td[style]{background:rgb(var(--shade) / calc(var(--s)*.32));padding-right:8px}
th button{all:unset;cursor:pointer;color:inherit}
th button:focus-visible{outline:2px solid var(--blue)}
th[aria-sort=ascending] button::after{content:" ↑"}
th[aria-sort=descending] button::after{content:" ↓"}
summary{cursor:pointer}
.data{font-size:13px;color:var(--mute)}
.data .scroll{max-height:320px;overflow:auto;margin-top:4px;color:var(--ink)}
.data thead th{position:sticky;top:0;background:var(--bg)}
.chip{display:inline-block;min-width:20px;text-align:center;border-radius:4px;padding:0 4px;
 font-weight:700;color:var(--bg);background:var(--grey);line-height:1.45}
.chip.e-strict{background:var(--blue)}.chip.e-false{background:var(--red)}
.chip.e-abstained{background:var(--amber)}
.num{font-variant-numeric:tabular-nums}
.chapter{margin:0 0 10px}
.chapter>summary{font-weight:600;padding:6px 0}
.story{border-bottom:1px solid var(--line)}
.story>summary{padding:5px 0;list-style-position:inside}
.story[open]{border-left:3px solid var(--blue);padding-left:12px;margin-bottom:8px}
.story p{margin:2px 0 8px}
.story ol{padding-left:20px;margin:8px 0}
.story li{margin-bottom:8px}
.story .to{white-space:nowrap}
.bars{max-width:640px;margin:2px 0}
.k{color:var(--mute);font-size:13px;margin-right:4px}
.wrong{color:var(--red)}
.repeat code{background:var(--soft);padding:7px 10px;border-radius:6px;display:inline-block}
.find input{min-width:min(100%,300px)}
ul{padding-left:20px}
li{margin-bottom:4px;max-width:82ch}
@media (max-width:760px){caption{white-space:normal}header,main,nav ul{padding-left:14px;
 padding-right:14px}
 h1{font-size:24px}.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:14px 16px}
 .tile b{font-size:21px}.tile.main b{font-size:28px}.theme{right:14px;top:22px}
 section{padding-top:22px}}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
@media print{:root{--bg:#fff!important;--ink:#000!important;--mute:#444!important;
 --line:#bbb!important;--soft:#fff!important;--blue:#0072b2!important;--red:#c04a00!important;
 --green:#007a5a!important;--purple:#a64d79!important;--amber:#9a6a00!important;
 --grey:#57606a!important;--band:#57606a!important;--shade:0 114 178!important}
 body{font-size:11pt}nav,.js,.skip,.data,#tip{display:none!important}
 *{-webkit-print-color-adjust:exact;print-color-adjust:exact}
 section{break-inside:auto}h2,h3,figcaption,caption{break-after:avoid}
 .scroll{overflow:visible}table,thead th,caption,code{font-size:8pt}.mini{display:none}
 th,td{padding:3px 5px 3px 0}td+td,th+td,th+th{padding-left:4px}
 .tiles{grid-template-columns:repeat(4,minmax(0,1fr))}.tile b,.tile.main b{font-size:15pt}
 .scroll.wide>svg{min-width:0}
 .chapter:not([open]){display:none}a{color:inherit}}
)css";

}  // namespace

std::string_view HtmlStyle() { return kStyle.substr(1); }

}  // namespace squall
