/* Written by make bundle. Sources: 1b632d134a44d8eb178d952f4bf16641233f51246c053c82f64bb04964688716 */
var $t=class extends EventTarget{#t;#e;#s=null;#i;credits=null;constructor(t,e){super(),this.#t=t,this.#e=e}async refresh(){
let{token:t}=this.#e;this.#i!==t&&(this.#s=null),this.#i=t;let e=this.#s??=this.#t.credits();try{let s=await e;if(t!==this.#e.
token)return;this.credits=s,this.dispatchEvent(new Event("change"))}catch(s){if(t===this.#e.token)throw s}finally{this.#s===
e&&(this.#s=null)}}},xo=5*6e4,Rt=class{#t;#e=null;#s;templates=[];constructor(t){this.#t=t}get isOld(){return Date.now()-
this.#s>xo}async load(){this.#e??=this.#t.templates().finally(()=>{this.#e=null});let{templates:t}=await this.#e,e=this.#s===
void 0;return this.#s=Date.now(),t.sort((s,n)=>s.credits-n.credits),!e&&ri(t)===ri(this.templates)?!1:(this.templates=t,
!0)}find(t){return this.templates.find(e=>e.slug===t)}};function ri(i){return JSON.stringify(i,(t,e)=>t==="waitSeconds"?
void 0:e)}var et=new URL("../..",import.meta.url).href.replace(/\/$/,""),x=et===location.origin?"":`designer${new URL(et).pathname}\
/`;function Dt(i){return new URL(i,import.meta.url).href}async function ai({startImageUrl:i}){if(!i)return{missing:"start_image_gone"};let t={cache:"no-store",signal:AbortSignal.
timeout(15e3)};try{let e=await fetch(i,t);return e.ok?{picture:await e.blob()}:{missing:e.status===404?"start_image_gone":
"start_image_unreachable"}}catch{return{missing:await Eo(i)?"start_image_forbidden":"start_image_unreachable"}}}function Eo(i){
return new Promise(t=>{let e=()=>t(!0),s=()=>t(!1);Object.assign(new Image,{onload:e,onerror:s,src:i})})}var _t=class{#t;#e;#s;constructor({videos:t,attempts:e},s){this.#t=t,this.#e=e,this.#s=s}async change(t){let e=this.#i(t),
s=this.#s.restore(t);if(!e||!this.#s.shows(e)){let n=this.#n(t.jobId,e);await this.#s.showPicture(n.then(({picture:r})=>r));
let{missing:o}=await n;if(o)return o}return s?null:"template_not_found"}async repeat(t){if(t.request)return this.#e.again(
t);let{templateSlug:e,variables:s,jobId:n}=t,{picture:o}=await this.#n(n);if(!o)return null;let{url:r,ratio:a}=t.picture,
h={templateSlug:e,variables:s,image:o};return this.#e.start({order:h,pictureUrl:r,ratio:a})}#i({request:t,jobId:e}){return t??
this.#e.find(e)?.request}async#n(t,e){let s=await Promise.resolve(e?.order.image).catch(()=>null);return s?{picture:s}:ai(
await this.#t.status(t))}};function Z(){return crypto.getRandomValues(new Uint32Array(4)).join("-")}var So=6e5,Ut=class{#t=null;#e=0;next(){return Date.
now()-this.#e<So?this.#t??Z():Z()}async use(t,e,s=!1){t===this.#t&&(this.#t=null);try{return await e(t)}catch(n){if(n.code===
"idempotency_mismatch"&&!s)return this.use(Z(),e,!0);throw n.jobId||([this.#t,this.#e]=[t,Date.now()]),n}}};var Ft=class{#t;#e=new Map;constructor(t){this.#t=t}get(t){if(this.#e.has(t))return this.#e.get(t);try{return this.#t().
getItem(x+t)}catch{return null}}set(t,e){try{e===null?this.#t().removeItem(x+t):this.#t().setItem(x+t,e),this.#e.delete(
t)}catch{this.#e.set(t,e),this.#s(t)}}keeps(t){return!this.#e.has(t)}dropUnsaved(t){this.#e.delete(t)}clear(){this.#e.clear();
try{let t=this.#t();for(let e of Object.keys(t))e.startsWith(x)&&t.removeItem(e)}catch{}}#s(t){try{this.#t().removeItem(
x+t)}catch{}}},y=new Ft(()=>localStorage),g=new Ft(()=>sessionStorage);var ci="running-pictures",ko=4,Bt={find(i){return gs().find(([t])=>t===i)?.[1]??null},keep(i,t){hi([[i,t],...gs()].slice(
0,ko))},drop(i){let t=gs(),e=t.filter(([s])=>s!==i);e.length<t.length&&hi(e)}};function gs(){return JSON.parse(g.get(ci)??
"[]")}function hi(i){g.set(ci,i.length>0?JSON.stringify(i):null)}var qt=class{#t=new AbortController;#e=0;#s=0;#i=1/0;#n=!1;#o=!1;get signal(){return this.#t.signal}get share(){return this.#s/
this.#i}note({sent:t,total:e}){t===0&&(this.#o||=this.#n,this.#e=performance.now()),this.#s=t,this.#i=e,this.#n=t>0&&this.#a}giveUp(){
return this.#o||this.#a?!1:(this.#t.abort(),!0)}get#a(){let t=performance.now()-this.#e;return this.#s===0?this.#i<1/0&&
t<1e3:this.#i-this.#s<this.#s/t*1e3}};var Oo=20,li=["completed","failed","cancelled"],dt=class{job=null;error=null;wantsCancel=!1;reported=!1;sending=new qt;kept=null;key=Z();constructor(t,e=null,s=Date.
now()){this.templateSlug=t,this.request=e,this.startedAt=s}get status(){return this.job?.latest??{status:"pending",stage:"\
submitting",sent:this.sending.share}}get jobId(){return this.job?.id??this.error?.jobId??null}get variables(){return this.
request?.order.variables??this.status.variables}get picture(){let{posterUrl:t,startImageUrl:e}=this.status;return this.request?
{url:this.request.pictureUrl,ratio:this.request.ratio}:this.kept??{url:t??e}}get isCancelling(){return this.wantsCancel||
this.status.stage==="cancelling"}get hasEnded(){return this.error!==null||li.includes(this.status.status)}get seconds(){
let{createdAt:t,completedAt:e}=this.status;return e?(Date.parse(e)-Date.parse(t))/1e3:(Date.now()-this.startedAt)/1e3}},
jt=class extends EventTarget{#t;#e=new Map;#s=new Set;#i=new Ut;#n=null;isHistoryKnown=!1;hasMore=!0;constructor(t){super(),
this.#t=t,t.subscribe(e=>this.#r(e))}get all(){return[...this.#s,...this.#e.values()].sort((e,s)=>s.startedAt-e.startedAt)}get underWay(){
return this.all.filter(t=>!t.hasEnded)}get isSending(){return this.#s.size>0}find(t){return this.#e.get(t)}async loadMore(){
let{jobs:t,nextCursor:e}=await this.#t.history({limit:Oo,cursor:this.#n}),s=t.filter(({jobId:n,status:o})=>li.includes(o)&&
!this.#e.has(n));for(let n of s)this.#c(n);this.#n=e,this.hasMore=e!==null,this.isHistoryKnown=!0}reload(){for(let[t,{reported:e}]of this.#e)
!e&&!this.#t.jobs.has(t)&&this.#e.delete(t);for(let t of this.#t.jobs.values())this.#r(t)}order(t){return this.start(t,{
key:this.#i.next()})}start(t,{key:e,wantsCancel:s=!1}={}){let n=new dt(t.order.templateSlug,t);return e&&(n.key=e),n.wantsCancel=
s,this.#s.add(n),this.#d("change",n),this.#o(n),n}again({request:t,job:e,error:s,key:n,wantsCancel:o}){if(e||s?.jobId)return this.
start(t);let r=s?.status>=400&&s.status<500;return this.start(t,{key:n,wantsCancel:o&&!r})}async cancel(t){if(!(!t.job&&
t.sending.giveUp())){t.wantsCancel=!0,this.#d("change",t);try{await t.job?.cancel()}catch(e){throw t.wantsCancel=!1,this.#d(
"change",t),e}}}async#o(t){let{image:e,...s}=t.request.order,{sending:n}=t,o=a=>{n.note(a),this.#d("change",t)},r=async a=>{
t.key=a;let h={idempotencyKey:a,onprogress:o,signal:n.signal};return this.#t.submit(await e,s,h)};try{this.#h(t,await this.#i.
use(t.key,r)),this.#a(t,t.job.id)}catch(a){return t.error=a,this.#a(t,a.jobId)}if(!(!t.wantsCancel||t.hasEnded))return this.
cancel(t).catch(a=>this.#d("cancel-failed",{attempt:t,error:a}))}#a(t,e){this.#s.delete(t),e&&this.#e.set(e,t),t.job&&Bt.
keep(e,t.picture),this.#l(t);for(let s of this.#t.jobs.values())this.#e.has(s.id)||this.#r(s)}#r(t){let e=this.#e.get(t.
id);if(!(!e&&(this.#s.size>0||!t.latest))){if(!e){let s=Math.min(Date.now(),Date.parse(t.latest.createdAt));e=new dt(t.latest.
templateSlug,null,s),this.#h(e,t),e.kept=Bt.find(t.id),this.#e.set(t.id,e)}this.#l(e)}}#h(t,e){t.job=e,e.finished.catch(
s=>{t.hasEnded||(t.error=s,this.#l(t))})}#c(t){let e=new dt(t.templateSlug,null,Date.parse(t.createdAt));e.job={id:t.jobId,
latest:t},e.reported=!0,this.#e.set(t.jobId,e)}#l(t){this.#d("change",t),!(!t.hasEnded||t.reported)&&(t.reported=!0,Bt.drop(
t.jobId),this.#d("end",t))}#d(t,e){this.dispatchEvent(new CustomEvent(t,{detail:e}))}};var di=15e3,fi=6e5,Wt=0,To=2*fi,zt=class extends EventTarget{#t;#e=[];#s=new Set;#i=new Set;#n;constructor(t){super(),this.#t=
t,addEventListener("storage",e=>this.#c(e)),addEventListener("pagehide",()=>this.#r()),document.addEventListener("visibi\
litychange",()=>document.hidden&&this.#r())}get undoable(){return this.#e}has(t){return this.#s.has(t)||t in this.#l}add(t){
this.#u(Wt),this.#e=t,this.#u(Date.now()+di),this.#h(),this.#a()}undo(){let t=this.#e;this.#f(t.map(({jobId:e})=>e)),this.#e=
[],this.#h(),this.dispatchEvent(new CustomEvent("undo",{detail:t}))}hold(t){this.#e.length!==0&&(this.#u(Date.now()+(t?fi:
di)),this.#a())}async settle(){clearTimeout(this.#n);let t=Date.now(),e=Object.entries(this.#l),s=e.filter(([,o])=>ui(o)).
map(([o])=>o),n=Math.min(...e.map(([,o])=>o).filter(o=>!ui(o)));n<1/0&&(this.#n=setTimeout(()=>this.#a(),n-t)),this.#e.some(
({jobId:o})=>s.includes(o))&&(this.#e=[],this.#h()),await Promise.all(s.map(o=>this.#o(o)))}async#o(t){if(!this.#i.has(t)){
this.#i.add(t),this.#u(Wt,[t]);try{await this.#t.videos.deleteVideo(t)}catch(e){if(e.code!=="video_not_found")throw e}finally{
this.#i.delete(t)}this.#s.add(t),this.#f([t])}}#a(){this.#t.reportErrors(()=>this.settle())}#r(){this.#u(Wt),this.#a()}#h(){
this.dispatchEvent(new Event("change"))}#c({key:t,oldValue:e,newValue:s}){if(t!==x+this.#d)return;let n=JSON.parse(s??"{\
}"),o=Object.entries(JSON.parse(e??"{}")).filter(([c])=>!(c in n)),[r,a]=[[],[]];for(let[c,d]of o)(d===Wt?a:r).push({jobId:c});
for(let{jobId:c}of a)this.#s.add(c);let h=this.#l;this.#e.some(({jobId:c})=>!h[c])&&(this.#e=[]),this.#h(),r.length>0&&this.
dispatchEvent(new CustomEvent("undo",{detail:r}))}get#l(){return JSON.parse(y.get(this.#d)??"{}")}set#l(t){y.set(this.#d,
Object.keys(t).length>0?JSON.stringify(t):null)}get#d(){return`deletions/${this.#t.owner()}`}#u(t,e=this.#e.map(({jobId:s})=>s)){
let s=e.map(n=>[n,t]);this.#l={...this.#l,...Object.fromEntries(s)}}#f(t){let e=Object.entries(this.#l).filter(([s])=>!t.
includes(s));this.#l=Object.fromEntries(e)}};function ui(i){return i<=Date.now()||i>Date.now()+To}function st(i,t){return new Promise(e=>{let s=()=>{clearTimeout(n),t?.removeEventListener("abort",s),e()},n=setTimeout(s,
t?.aborted?0:Math.min(i,2147483647));t?.addEventListener("abort",s)})}function ws(i,t){return new Promise((e,s)=>{let n=()=>s(
t.reason);Promise.resolve(i).then(e,s).finally(()=>t.removeEventListener("abort",n)),t.aborted?n():t.addEventListener("a\
bort",n)})}function ut(i,{first:t=1e3,longest:e=3e4}={}){return ys(Math.min(e,t*2**i))}function ys(i){return i*(.5+Math.
random()/2)}var Lo={401:{code:"unauthenticated",detail:"Nobody is signed in."},413:{code:"image_too_large",detail:"The picture is to\
o large for this site. Use a smaller one."}},Co=3600,Ao=["offline","shutting_down","database_unavailable","identity_unav\
ailable","too_busy"],p=class i extends Error{constructor(t,e,{status:s=null,jobId:n=null,retryAfter:o=null,cause:r}={}){
super(e,{cause:r}),this.name="GenerationError",this.code=t,this.detail=e,this.status=s,this.jobId=n,this.retryAfter=o}static ofJob({
jobId:t,status:e,error:s,url:n}){return e==="cancelled"?new i("cancelled","The generation was cancelled.",{jobId:t}):e===
"completed"&&!n?new i("deleted","The video is no longer there.",{jobId:t}):e==="failed"?new i(s.code,s.message,{jobId:t}):
void 0}static async ofResponse(t){let e=await t.json().catch(()=>null),s=e?.code?e:Lo[t.status]??{},n=s.detail??`The ser\
vice cannot be reached at the moment (${t.status}).`;return new i(s.code??"unexpected_answer",n,{status:t.status,jobId:s.
jobId??null,retryAfter:Io(t.headers.get("Retry-After"))})}static ofNetwork(t,e){return e?.aborted?new i("aborted","The r\
equest was aborted.",{cause:t}):new i("offline","The service cannot be reached.",{cause:t})}get isTemporary(){return Ao.
includes(this.code)||this.code==="unexpected_answer"&&this.status>=500}};function Io(i){if(i===null)return null;let t=/^\d+$/.
test(i)?Number(i):(Date.parse(i)-Date.now())/1e3;return Number.isNaN(t)?null:Math.min(Co,Math.max(0,t))}async function pi(i,t){let e=await Mo(i,t),n=e.getAllResponseHeaders().split(`\r
`).filter(Boolean).map(o=>o.split(/: (.*)/,2));return new Response(e.responseText||null,{status:e.status,headers:n})}function Mo(i,{
method:t,headers:e,body:s,signal:n,onprogress:o}){return new Promise((r,a)=>{let h=new XMLHttpRequest,c=({loaded:d,total:u})=>o(
{sent:d,total:u});for(let d of["loadstart","progress","load"])h.upload.addEventListener(d,c);h.addEventListener("load",()=>r(
h)),h.addEventListener("error",()=>a(new TypeError("The request failed."))),h.addEventListener("abort",()=>a(n.reason)),
h.open(t,i);for(let[d,u]of Object.entries(e))h.setRequestHeader(d,u);return n.aborted?a(n.reason):(n.addEventListener("a\
bort",()=>h.abort(),{once:!0}),h.send(s))})}var Ht="/api/templates/video",wi="/api/library",mi=2e4,Po=15e4,No=4,$o=60,gi=Symbol("none"),nt=class{#t;#e;#s;#i=null;#n=gi;#o=null;usesTokens=!1;constructor({
baseUrl:t,getToken:e,onToken:s}){this.#t=t,this.#e=e,this.#s=s}async token(t){if(!t)return this.#a();try{return await ws(
this.#a(),t)}catch(e){throw t.aborted?p.ofNetwork(e,t):e}}get isRefused(){return this.#i===this.#n}submit(t,e,{signal:s,
idempotencyKey:n,onprogress:o,check:r}){let a=new FormData;a.append("startImage",t,"canvas"),a.append("data",JSON.stringify(
e));let c={method:"POST",body:a,headers:{"Idempotency-Key":n},signal:s,timeout:Po,onprogress:o,check:r};return it(()=>this.#h(
Ht,c),s)}status(t,e){return this.#h(`${Ht}/status`,{query:{jobId:t},signal:e})}cancel(t){let e={method:"POST",query:{jobId:t}};
return it(()=>this.#h(`${Ht}/cancel`,e))}events(t){let e={Accept:"text/event-stream"};return this.#l(`${Ht}/events`,{headers:e,
signal:t,timeout:null})}async jobs({signal:t,...e}){let s=await this.#c("/api/jobs",{query:e,signal:t});return{...s,jobs:s.
jobs.map(n=>this.addressed(n))}}templates(t){return this.#c("/api/templates",{signal:t,isPublic:!0})}async library({signal:t,
...e}){let s=await this.#c(wi,{query:e,signal:t});return{...s,videos:s.videos.map(n=>this.addressed(n))}}async video(t,e){
return this.addressed(await this.#c(ft(t),{signal:e}))}async changeVideo(t,e){let s={"Content-Type":"application/json"},
n={method:"PATCH",body:JSON.stringify(e),headers:s};return this.addressed(await it(()=>this.#c(ft(t),n)))}async deleteVideo(t){
let e={method:"DELETE",keepalive:!0};await it(()=>this.#l(ft(t),e))}async share(t){let e={method:"POST"};return this.addressed(
await it(()=>this.#c(`${ft(t)}/share`,e)))}async revokeShare(t){await it(()=>this.#l(`${ft(t)}/share`,{method:"DELETE"}))}credits(t){
return this.#c("/api/credits",{signal:t})}me(t){return this.#c("/api/me",{signal:t})}addressed(t){let e=Object.entries(t).
filter(([s,n])=>Ro(s,n));return{...t,...Object.fromEntries(e.map(([s,n])=>[s,this.#t+n]))}}#a(){return this.isRefused?(this.#o??=
this.#r({refused:!0}).finally(()=>{this.#o=null}),this.#o):this.#r({refused:!1})}async#r(t){let e;try{e=await ws(this.#e(
t),AbortSignal.timeout(mi))??null}catch(s){throw s instanceof TypeError||s?.name==="TimeoutError"?p.ofNetwork(s):new p("\
unauthenticated","Nobody is signed in.",{cause:s})}return this.#i=e,this.#s(e),this.usesTokens||=e!==null,e}async#h(t,e){
let s=await this.#c(t,e);if(typeof s.jobId!="string")throw vs();return this.addressed(s)}async#c(t,e){let s=await this.#l(
t,e),n;try{n=await s.json()}catch(o){throw o instanceof SyntaxError?vs(s.status,o):p.ofNetwork(o,e.signal)}if(n===null||
typeof n!="object")throw vs(s.status);return n}async#l(t,e){let s=await this.token(e.signal);try{return await this.#d(s,
t,e)}catch(n){if(n.code!=="unauthenticated")throw n;let o=await this.token(e.signal);if(s&&o===s)throw n;return this.#d(
o,t,e)}}async#d(t,e,{query:s={},headers:n={},timeout:o=mi,isPublic:r,check:a,...h}){a?.();let{signal:c,onprogress:d}=h,u=d?
pi:fetch,f=t?{Authorization:`Bearer ${t}`}:{},b=[c,o&&AbortSignal.timeout(o)].filter(Boolean),m;try{m=await u(this.#u(e,
s),{...h,headers:{...n,...f},signal:AbortSignal.any(b)})}catch(C){throw p.ofNetwork(C,c)}if(m.status===401?this.#n=t:t===
this.#n&&!r&&(this.#n=gi),!m.ok)throw await p.ofResponse(m);return m}#u(t,e){let s=Object.entries(e).filter(([,n])=>n!=null);
return`${this.#t}${t}${s.length?`?${new URLSearchParams(s)}`:""}`}};function _(i){let t=vi(i)?.sub;return typeof t=="str\
ing"&&t!==""?t:null}function yi(i){return vi(i)?.exp<=Date.now()/1e3}function vi(i){try{let t=i.split(".")[1].replaceAll(
"-","+").replaceAll("_","/"),e=Uint8Array.from(atob(t),s=>s.charCodeAt(0));return JSON.parse(new TextDecoder().decode(e))}catch{
return null}}function vs(i,t){return new p("unexpected_answer","The service's answer cannot be read.",{status:i,cause:t})}
function ft(i){return`${wi}/${encodeURIComponent(i)}`}function Ro(i,t){return/url$/i.test(i)&&typeof t=="string"&&t.startsWith(
"/")}async function it(i,t){for(let e=0;;e+=1)try{return await i()}catch(s){let n=e+1===No||s.retryAfter>$o;if(!s.isTemporary||
n)throw s;await st(Math.max(ut(e),(s.retryAfter??0)*1e3),t)}}var O=class i extends EventTarget{#t;constructor(t){super(),this.#t=t,addEventListener("hashchange",()=>this.dispatchEvent(
new Event("change")))}get location(){let[t,e=""]=window.location.hash.replace(/^#\/?/,"").split("?");return{view:this.#t.
includes(t)?t:this.#t[0],query:new URLSearchParams(e)}}go(t,e={}){window.location.hash=i.link(t,e)}replace(t,e={}){history.
replaceState(null,"",i.link(t,e))}static link(t,e={}){let s=new URLSearchParams(e).toString();return`#/${t}${s?`?${s}`:""}`}};var Gt=class{#t;#e;#s;#i=null;#n=null;#o=null;#a=!1;#r;leads=!1;constructor(t,{silenceMs:e,on:s}){this.#t=t,this.#e=e,this.#s=
s}open(){if(this.#i=this.#t!==null&&navigator.locks?pt(this.#t):null,this.#i===null)return this.#u();this.#i.onmessage=({
data:t})=>this.#h(t),this.#d(),this.ask()}close(){this.#a=!0,this.#f(),this.#n?.abort(),this.#i?.close(),this.#i=null,clearTimeout(
this.#r)}post(t){this.#i?.postMessage(t)}ask(){this.leads||(this.post({type:"hello",ids:this.#s.unfinished()}),this.#c(2e3,
()=>this.#l()))}#h(t){if(t.type==="hello"){let e=this.leads?this.#s.current(t.ids):null;e&&this.post({type:"current",...e});
return}t.type!=="job"&&!this.leads&&this.#c(this.#e,()=>this.ask()),this.#s.received(t)}#c(t,e){clearTimeout(this.#r),this.#r=
setTimeout(e,t)}#l(){document.hidden||this.#d({steal:!0})}async#d({steal:t=!1}={}){this.#n?.abort();let e=new AbortController;
this.#n=e;let s=t?{steal:t}:{signal:e.signal};try{await navigator.locks.request(this.#t,s,()=>this.#u())}catch(n){if(this.#a||
e!==this.#n)return;if(n.name!=="AbortError")return this.#u();this.#f(),this.#d(),this.ask()}}#u(){if(!this.#a)return clearTimeout(
this.#r),this.leads=!0,this.#s.lead(),new Promise(t=>{this.#o=t})}#f(){this.leads&&(this.leads=!1,this.#s.stopLeading(),
this.#o())}};function pt(i){try{return new BroadcastChannel(i)}catch{return null}}var{signInUrl:bs,creditsUrl:X,development:Do}=document.documentElement.dataset,ot=Do==="true";var U="access-token",xs="owner",Vt="place-before-sign-in",bi=/^#token=(.+)$/,xi="signed-out",_o=8e3,Kt=class extends EventTarget{state="\
unknown";user=null;owner;offered=null;#t;#e;#s=null;#i=pt(`${x}session`);constructor(t){super(),this.#t=t,this.#d(),this.#e=
y.get(U),this.owner=this.#n,this.#o&&this.#o!==this.owner&&g.clear(),g.set(xs,this.owner),addEventListener("hashchange",
()=>bi.test(location.hash)&&location.reload()),addEventListener("storage",()=>this.#h()),this.#i?.addEventListener("mess\
age",({data:e})=>e===xi&&this.#l()),addEventListener("pageshow",({persisted:e})=>e&&this.#h())}get token(){return this.#e}get isSignedIn(){
return this.state==="in"||this.state==="unknown"&&(ot||this.token!==null)}get isSignedOut(){return this.state==="out"||this.
state==="expired"}async check(){this.#s??=this.#a().finally(()=>{this.#s=null}),await this.#s}signIn(t){this.offered=null,
y.set(U,t),this.#h()}signOut(){y.set(U,null),this.#i?.postMessage(xi),this.#h()}leaveFor(t){let e=new URL(t);e.searchParams.
set("return_to",location.origin+location.pathname),g.set(Vt,location.hash),location.assign(e)}get#n(){return _(this.#e)??
""}get#o(){return g.get(xs)}async#a(){let t=this.#e,e="in",s=this.user;try{s=await this.#t()}catch(n){if(n.code!=="unaut\
henticated")throw n;e=t===null?"out":"expired"}t===this.#e&&this.#r(e,s)}#r(t,e){this.state=t,this.user=e,this.dispatchEvent(
new Event("change"))}#h(){let t=y.get(U);if(t!==this.#e){if(this.owner&&this.owner!==(_(t)??""))return this.#c(t);this.#e=
t,this.owner=this.#n,g.set(xs,this.owner),this.#s=null,this.#r("unknown",null),this.dispatchEvent(new Event("signed-in"))}}#c(t){
t!==null&&!y.keeps(U)&&(g.set(Vt,location.hash),history.replaceState(null,"",`#token=${encodeURIComponent(t)}`)),location.
reload()}#l(){y.dropUnsaved(U),this.#h()}#d(){let t=bi.exec(location.hash);if(!t)return;let e=g.get(Vt)??"";g.set(Vt,null),
history.replaceState(null,"",location.pathname+location.search+e);try{this.#u(decodeURIComponent(t[1]))}catch{}}#u(t){if(!Es(
t))return;let e=y.get(U),s=yi(e)&&_(e)===_(t);_(e)===null||s?y.set(U,t):t!==e&&(this.offered=t)}};function Es(i){return i.
length<=_o&&/^[\x21-\x7e]+$/.test(i)}var Jt=class extends EventTarget{#t;#e;#s=new Map;#i=Promise.resolve();constructor({videos:t,account:e,changes:s}){super(),
this.#t=t,this.#e=e,e.addEventListener("change",()=>this.note(e.credits.entries)),s.addEventListener("change",({detail:n})=>this.
note([n]))}of(t){return this.#s.get(t)}note(t){let e=t.filter(({jobId:s,title:n})=>s&&n&&n!==this.of(s));for(let{jobId:s,
title:n}of e)this.#s.set(s,n);e.length>0&&this.dispatchEvent(new Event("change"))}read(t){return this.#i=this.#i.then(()=>this.#n(
t)).catch(()=>{}),this.#i}async#n(t){this.#e.credits||await this.#e.refresh();for(let e of t.filter(s=>!this.#s.has(s)))
try{let s=await this.#t.video(e);this.#s.has(e)||this.note([s])}catch(s){if(s.code!=="video_not_found")throw s}}};function Ss({code:i,message:t,retryAfter:e},s){let n=f=>document.querySelector(`#notices [data-code="${CSS.escape(f)}"]`),
o=n(i)??n("other"),{action:r,label:a,text:h=t,quiet:c}=o.dataset,d=r==="again"&&e||0,u=c!==void 0;return{title:o.textContent,
text:h,label:a,action:r,run:s[r],wait:d,isQuiet:u}}var Ei={month:"short",day:"numeric",hour:"numeric",minute:"2-digit"},Uo=new Intl.DateTimeFormat("en",Ei),Fo=new Intl.DateTimeFormat(
"en",{...Ei,year:"numeric"}),Bo=new Intl.DateTimeFormat("en",{day:"numeric",month:"short"}),qo=new Intl.NumberFormat("en",
{maximumFractionDigits:1}),Yt=[["submitting","Submitting"],["queued","In the queue"],["generating","Generating"],["stori\
ng","Storing"]];function A(i){return i===1?"1 credit":`${i} credits`}function I(i){let t=Math.max(0,Math.floor(i));return`${Math.
floor(t/60)}:${String(t%60).padStart(2,"0")}`}function F(i){let t=new Date(i);return(t.getFullYear()===new Date().getFullYear()?
Uo:Fo).format(t)}function Si(i){return Bo.format(new Date(i))}function Zt(i){return`${i.toFixed(1)}\xA0s`}function Xt(i){
return i<1e6?`${Math.ceil(i/1e3)}\xA0kB`:`${qo.format(i/1e6)}\xA0MB`}function mt(i){return i?.email||i?.user||""}function gt(i){
return i.length===1?`\u201C${i[0].title}\u201D`:`${i.length} videos`}function rt({stage:i,queuePosition:t,sent:e=1}){return i===
"cancelling"?"Cancelling\u2026":i==="submitting"&&e<1?`Sending ${Math.floor(e*100)}\xA0%`:i==="queued"&&t!==void 0?t===0?
"Next in the queue":`Number ${t+1} in the queue`:Yt.find(([s])=>s===i)?.[1]??"Waiting"}function T(i,t){let e=t.find(i)?.
title;if(e)return e;let s=i.replaceAll("-"," ");return s.charAt(0).toUpperCase()+s.slice(1)}function ki(i,t,e){return(e.
find(t)?.variables??[]).filter(({name:o,type:r,default:a})=>r==="text"&&i[o]!==a).map(({name:o})=>i[o]).filter(Boolean).
join(", ")}function at(i){let t={root:i};for(let e of i.querySelectorAll("[data-part]"))t[e.dataset.part]=e;return t}function M(i){
return at(document.getElementById(i).content.firstElementChild.cloneNode(!0))}function P(i){return at(document.querySelector(
`[data-of="${i}"]`))}function E(i,t){i.ariaDisabled=t}function N(i){return i.ariaDisabled==="true"}var jo=3,Qt=class{#t=document.getElementById("toasts");#e=this.#t.parentElement;#s=new Map;#i=new Map;show({kind:t,title:e,
text:s,label:n,action:o,run:r,wait:a,isQuiet:h=!1,cause:c,of:d="",afterwards:u}){this.dismiss(t),this.#o();let f=M("toas\
t");f.root.classList.toggle("is-quiet",h),f.title.textContent=e,f.text.textContent=s,f.dismiss.addEventListener("click",
()=>this.dismiss(t)),f.action.addEventListener("click",()=>{N(f.action)||(this.dismiss(t),r())}),Wo(f.action,n,a),Object.
assign(f.root.dataset,{action:o,cause:c,of:d}),this.#s.set(t,f.root),u&&this.#i.set(t,u),this.#s.size>jo&&this.dismiss(this.#s.
keys().next().value),requestAnimationFrame(()=>this.#s.get(t)===f.root&&this.#t.append(f.root))}clear(){for(let t of[...this.#s.
keys()])this.dismiss(t)}resolve(t){for(let e of this.#n("action",t))this.dismiss(e)}leave(t){for(let e of this.#n("of",t))
this.dismiss(e)}overcome(t){for(let e of this.#n("cause",t)){let s=this.#i.get(e);this.dismiss(e),s&&this.show({...s,kind:e})}}tellOf(t){
return this.#n("cause",t).length>0}dismiss(t){this.#s.get(t)?.remove(),this.#s.delete(t),this.#i.delete(t)}#n(t,e){return[
...this.#s].filter(([,{dataset:n}])=>n[t]===e).map(([n])=>n)}#o(){let t=[...document.querySelectorAll("dialog[open]")].at(
-1);!t||this.#t.parentElement===t||(t.append(this.#t),t.addEventListener("close",()=>this.#e.prepend(this.#t),{once:!0}))}};
function Wo(i,t,e){let s=Date.now()+e*1e3,n=()=>{let r=Math.ceil((s-Date.now())/1e3);E(i,r>0),i.textContent=r>0?`${t} in\
 ${I(r)}`:t,r<=0&&clearInterval(o)},o=setInterval(n,250);n()}var ks=["database_unavailable","identity_unavailable","too_busy","shutting_down"],zo=["offline","unauthenticated",...ks],
Ho=["offline","too_many_jobs",...ks],te=class{#t=new Qt;#e;constructor({session:t,account:e,attempts:s},n){this.#e=n,t.addEventListener(
"change",()=>t.state==="in"&&this.#t.resolve("signIn"));for(let o of[t,e])o.addEventListener("change",()=>t.state!=="unk\
nown"&&this.#t.overcome("offline"));s.addEventListener("end",({detail:o})=>o.job&&this.#t.overcome("too_many_jobs"))}report(t,e,s){
let n=this.#e(e,s),o=Ss(t,n);if(zo.includes(t.code)){if(e)this.#t.dismiss(t.code);else if(this.#t.tellOf(t.code))return}
let r=o.action==="canvas",a=e&&!s&&Ho.includes(t.code),h=t.code==="too_many_jobs"?"not_started":"unanswered";this.#t.show(
{...o,kind:e?.key??(r?"canvas":t.code),cause:t.code,of:!e&&r?"studio":"",afterwards:a?Ss({code:h},n):null})}clear(){this.#t.
clear()}resolve(t){this.#t.resolve(t)}moved(t,e){this.#t.leave(t),this.#t.resolve(e)}recovered(){this.#t.overcome("offli\
ne")}live(){ks.forEach(t=>this.#t.overcome(t))}};function l(i,t={},...e){let s=document.createElement(i);for(let[n,o]of Object.entries(t))o==null||o===!1||(n.startsWith(
"on")?s.addEventListener(n.slice(2),o):n==="data"?Object.assign(s.dataset,o):s.setAttribute(n,o===!0?"":o));return s.append(
...e.flat().filter(n=>n!==null&&n!==!1)),s}var Oi=0;function wt(i){return Oi+=1,`${i}-${Oi}`}var Go=1e3,ee=class extends EventTarget{#t;#e=new Map;#s=pt("video-changes");constructor(t){super(),this.#t=t,this.#s?.addEventListener(
"message",({data:e})=>this.#n(e))}async change({jobId:t,...e},s){let n=this.#e.get(t)??{known:e,waiting:[],end:Promise.resolve()};
this.#e.set(t,n),n.waiting.push(s),this.#i(t,s);let o=n.end.then(()=>this.#t.changeVideo(t,s));n.end=o.catch(()=>{});try{
await o,Object.assign(n.known,s)}catch(r){let a=Object.assign({},n.known,...n.waiting.slice(1));throw this.#i(t,Object.fromEntries(
Object.keys(s).map(h=>[h,a[h]]))),r}finally{n.waiting.shift(),n.waiting.length===0&&this.#e.delete(t)}}async share({jobId:t}){
this.#i(t,await this.#t.share(t))}async revokeShare({jobId:t}){await this.#t.revokeShare(t),this.#i(t,{shareUrl:void 0})}async download(t){
for(let[e,{jobId:s}]of t.entries()){e>0&&await new Promise(r=>setTimeout(r,Go));let{downloadUrl:n,key:o}=await this.#t.video(
s);l("a",{href:n,download:se(o)}).click()}}#i(t,e){let s={...e,jobId:t};this.#n(s),this.#s?.postMessage(s)}#n(t){this.dispatchEvent(
new CustomEvent("change",{detail:t}))}};function se(i){return i.split("/").at(-1)}var Ti=["completed","failed","cancelled"],yt=class{#t;#e;#s=null;#i={Event:0,Poll:0};#n=new vt;#o;constructor(t,e){this.#t=
t,this.#e=e,this.finished=new Promise((s,n)=>{this.#o={resolve:s,reject:n}}),this.finished.catch(()=>{})}get id(){return this.#t}get latest(){
return this.#s}get isFinished(){return Ti.includes(this.#s?.status)}subscribe(t){return this.#s&&t(this.#s),this.#n.add(
t)}cancel(){return this.#e(this.#t)}update(t,e){return this.isFinished?(t.status===this.#s.status&&(this.#s=t),!1):Vo(t,
this.#s)?(this.#s=t,this.#r(e),this.#n.notify(t),this.isFinished&&this.#a(p.ofJob(t)),!0):!1}abandon(t){this.#o.reject(t)}#a(t){
t?this.#o.reject(t):this.#o.resolve(this.#s)}#r(t){this.#i[t]+=1,console.log(`[VIDEO] ${t} ${this.#i[t]}: status=${this.#s.
status}`),this.#s.status==="completed"&&this.#s.key&&console.log(`[VIDEO] Generation complete: ${this.#s.key}`)}},vt=class{#t=new Set;add(t){
let e=s=>t(s);return this.#t.add(e),()=>this.#t.delete(e)}notify(t){for(let e of this.#t)ie(()=>e(t))}};function ie(i){try{
i()}catch(t){reportError(t)}}function Vo(i,t){return t===null||Ti.includes(i.status)?!0:i.updatedAt<t.updatedAt?!1:JSON.
stringify(i)!==JSON.stringify(t)}var ne=class{all=new Map;listeners=new vt;#t=null;#e=new Map;#s;#i=0;#n=[];constructor(t){this.#s=t}get unfinished(){return[
...this.all.values()].filter(t=>!t.isFinished).map(t=>t.id)}persistIn(t){this.unfinished.forEach(e=>this.#t?.remove(e)),
this.#t=t,this.unfinished.forEach(e=>t.add(e))}restore(){this.#t?.ids.forEach(t=>this.ensure(t))}ensure(t){let e=this.all.
get(t);if(e)return e;let s=new yt(t,this.#s);return this.all.set(t,s),this.#t?.add(t),s}async awaitSubmit(t,e){this.#i+=
1;try{return await t}finally{this.#i-=1,setTimeout(()=>this.#n.splice(0).forEach(s=>e(...s)))}}update(t,e){if(this.#i&&!this.
all.has(t.jobId))return this.#n.push([t,e]),!1;let s=this.ensure(t.jobId),n=s.update(t,e);return s.isFinished&&this.#t?.
remove(s.id),n&&this.listeners.notify(s),n}follow(t,e,s){let n=this.#e.get(t)??(this.all.has(t)?1/0:0),o=this.ensure(t);
this.#e.set(t,e?n+1:1/0);let r=()=>{let a=this.#e.get(t)-1;this.#e.set(t,a),!(a>0)&&(this.remove(t,p.ofNetwork(e.reason,
e)),s())};return e?.aborted?r():e?.addEventListener("abort",r,{once:!0}),o}statuses(t){return[...this.all.values()].filter(
e=>e.latest&&(!e.isFinished||t.includes(e.id))).map(e=>e.latest)}remove(t,e){this.all.get(t)?.abandon(e),this.all.delete(
t),this.#e.delete(t),this.#t?.remove(t)}clear(t){this.all.forEach(e=>e.abandon(t)),this.all.clear(),this.#n=[],this.#e.clear()}};var bt=class{#t;#e;constructor(t,e){this.#t=`${t}/job/`,this.#e=e}get ids(){return Os(()=>Object.keys(this.#e()),[]).filter(
t=>t.startsWith(this.#t)).map(t=>t.slice(this.#t.length))}add(t){Os(()=>this.#e().setItem(this.#t+t,""))}remove(t){Os(()=>this.#e().
removeItem(this.#t+t))}};function Os(i,t){try{return i()}catch{return t}}function Ts({credits:i,factors:t={}},e={}){let s=BigInt(i),n=0;for(let[r,a]of Object.entries(t)){let h=Jo(Ko(a,e,r));s*=
h.units,n+=h.scale}if(n<=0)return Number(s*10n**BigInt(-n));let o=10n**BigInt(n);return Number((s+o-1n)/o)}function Ko(i,t,e){
let s=Object.hasOwn(t,e)?t[e]??null:null;return s!==null&&Object.hasOwn(i,String(s))?i[String(s)]:1}function Jo(i){let[t,
e="0"]=String(i).split("e"),[s,n=""]=t.split(".");return{units:BigInt(s+n),scale:n.length-Number(e)}}async function*Li(i,t){let e=new Ls,s=i.body.pipeThrough(new TextDecoderStream).getReader();for(;;){let n;try{n=await s.
read()}catch(o){throw p.ofNetwork(o,t)}if(n.done)return e.retry;yield e.push(n.value)}}var Ls=class{retry=null;#t="";#e="";#s=[];push(t){
let e=(this.#t+t).split(/\r\n|\n|\r(?!$)/);return this.#t=e.pop(),e.map(s=>this.#i(s)).filter(s=>s!==null)}#i(t){if(t===
"")return this.#n();let[,e,s]=/^([^:]*)(?:: ?(.*))?$/s.exec(t);return e==="data"?this.#s.push(s??""):e==="event"?this.#e=
s??"":e==="retry"&&/^\d+$/.test(s)&&(this.retry=Number(s)),null}#n(){let t={type:this.#e||"message",data:this.#s.join(`
`)},e=this.#s.length===0;return this.#e="",this.#s=[],e?null:t}};var Yo=1e4,Zo=2e4,Xo=1e4,Ci=2e3,Ai=3e4,Ii={shortest:1e3,longest:3e4},Qo={first:5e3,longest:6e4},oe=class{#t;#e;#s;#i=new AbortController;#n=new AbortController;#o=new AbortController;#a=new AbortController;#r="\
connecting";#h=0;#c=new Map;#l=0;#d=0;#u=!1;#f;constructor(t,e,s){this.#t=t,this.#e=e,this.#s=s}async run(){for(;!this.#i.
signal.aborted;){let t=AbortSignal.any([this.#i.signal,this.#n.signal]),e=Date.now(),{retryMs:s,failure:n}=await this.#g(
t);this.#r==="polling"&&(!n||Date.now()-e>Xo)&&(this.#l=0),!t.aborted&&(n?n.code==="unauthenticated"?await this.#b(n,t):
await this.#m(n,t):await st(ys(er(s)),t))}}stop(){this.#i.abort(),clearTimeout(this.#f)}checkNow({reconnect:t=!1}={}){!t&&
this.#r==="live"&&Date.now()-this.#h<Zo?this.#S(0):(this.#n.abort(),this.#n=new AbortController)}expectJob(){this.#r==="\
live"&&this.#S(Ci);let t=this.#r==="waiting"&&!this.#t.isRefused;(this.#r==="polling"||t)&&this.checkNow()}tokenChanged(){
this.#r==="waiting"&&this.checkNow()}async#g(t){this.#r="connecting",this.#o=new AbortController,this.#a=new AbortController;
let e=AbortSignal.any([t,this.#o.signal]),s=AbortSignal.any([e,this.#a.signal]);this.#E(1/0,{first:this.#e.pollMs,signal:s});
let n=this.#w(Math.min(Yo,this.#e.silenceMs));try{let o=Li(await this.#t.events(e),e),r=await o.next();for(;!r.done;r=await o.
next())clearTimeout(n),n=this.#w(this.#e.silenceMs),this.#x(r.value);return r.value===null?{failure:tr()}:{retryMs:r.value}}catch(o){
return o instanceof p||reportError(o),{failure:o}}finally{clearTimeout(n),this.#o.abort(),this.#r==="live"&&(this.#r="po\
lling")}}#w(t){let e=this.#o;return setTimeout(()=>e.abort(),t)}#x(t){this.#h=Date.now(),this.#a.abort(),this.#r!=="live"&&
(this.#r="live",this.#u=!1,this.#d=0,this.#c.clear(),this.#S(Ci)),this.#s.connected("live");for(let{type:e,data:s}of t)e===
"job"&&this.#v(this.#t.addressed(JSON.parse(s)),"Event")}#v(t,e){this.#i.signal.aborted||(this.#c.set(t.jobId,Date.now()),
this.#s.update(t,e))}async#m(t,e){let s=t.code==="offline";s&&this.#r==="connecting"&&this.#s.connected("offline"),this.#r=
"polling";let n=Date.now()+this.#p(ut(this.#l),t);this.#l+=1,await this.#E(n,{first:s?this.#e.pollMs:0,signal:e,offline:s})}async#E(t,{
first:e,signal:s,offline:n=!1}){let o=e;for(;;){if(await st(Math.min(o,t-Date.now()),s),s.aborted||Date.now()>=t)return;
let r=this.#s.unfinished(),a=await this.#O(r,s);if(s.aborted||a?.code==="unauthenticated")return;r.length>0&&(n=a?.code===
"offline");let h=n?"offline":"polling";(r.length>0||this.#r==="polling")&&this.#s.connected(h),o=a?.code==="offline"?1/0:
this.#p(this.#e.pollMs,a)}}#p(t,e){return Math.max(t,(e?.retryAfter??0)*1e3)}async#b(t,e){if(!(t.status!==null&&!this.#t.
isRefused)){this.#r="waiting",t.status!==null&&this.#s.connected("polling"),this.#u||this.#s.signedOut(t),this.#u=!0;do await st(
ut(this.#d,Qo),e),this.#d+=1;while(!e.aborted&&!await this.#k(e))}}async#k(t){try{await this.#t.token(t)}catch{return!1}
return!this.#t.isRefused||!this.#t.usesTokens}async#O(t,e){let s;for(let n of t)try{this.#v(await this.#t.status(n,e),"P\
oll")}catch(o){if(o.code==="job_not_found"?this.#s.notFound(n,o):s=o,["offline","aborted","unauthenticated"].includes(o.
code))return o}return s}#S(t){clearTimeout(this.#f),this.#f=setTimeout(()=>this.#T(this.#o.signal),t)}async#T(t){let e=Date.
now()-Ai,s=this.#s.unfinished().filter(n=>(this.#c.get(n)??0)<e);await this.#O(s,t),t.aborted||this.#S(Ai)}};function tr(){
return new p("unexpected_answer","The event stream ended unexpectedly.")}function er(i){return Math.min(Ii.longest,Math.
max(Ii.shortest,2*i))}var re=class{#t;#e;#s;#i;#n=null;#o=null;#a=new AbortController;constructor(t,{client:e,timing:s,on:n}){this.scope=t,this.#t=
e,this.#e=s,this.#s=n,this.#i=this.#r()}open(){this.#i.open();let{signal:t}=this.#a,e=()=>document.hidden||this.#l();document.
addEventListener("visibilitychange",e,{signal:t});for(let s of["online","offline"])addEventListener(s,()=>this.#l({reconnect:!0}),
{signal:t});addEventListener("pagehide",()=>this.#i.close(),{signal:t}),addEventListener("pageshow",({persisted:s})=>s&&
this.#d(),{signal:t})}close(){this.#a.abort(),this.#i.close()}expectJob(){this.#n?.expectJob(),this.#i.ask()}tokenChanged(){
this.#n?.tokenChanged()}share(t,e){this.#i.post({type:"job",status:t,how:e})}#r(){return new Gt(this.scope,{silenceMs:this.#e.
silenceMs,on:{lead:()=>this.#h(),stopLeading:()=>this.#c(),unfinished:this.#s.unfinished,current:t=>this.#f(t),received:t=>this.#g(
t)}})}#h(){this.#n=new oe(this.#t,this.#e,{...this.#s,connected:t=>{this.#u(t),this.#i.post({type:"connection",state:t})},
notFound:(t,e)=>{this.#i.post({type:"notFound",id:t,detail:e.message}),this.#s.notFound(t,e)}}),this.#n.run()}#c(){this.#n.
stop(),this.#n=null}#l(t){this.#n?.checkNow(t),this.#i.ask()}#d(){this.#i=this.#r(),this.#i.open()}#u(t){this.#o=t,this.#s.
connected(t)}#f(t){let e=this.#s.statuses(t);return document.hidden&&this.#o!=="live"?null:{statuses:e,state:this.#o}}#g({
type:t,state:e,status:s,how:n,statuses:o=[],id:r,detail:a}){if(t==="job"&&this.#s.updateFromTab(s,n),t==="notFound"&&this.#s.
notFound(r,sr(r,a)),o.forEach(c=>this.#s.updateFromTab(c,"Event")),!e)return;let h=t==="connection"&&e!=="live"&&this.#o===
"live";this.#u(e),h&&this.#i.ask()}};function sr(i,t){return new p("job_not_found",t,{status:404,jobId:i})}async function Pi(i){if(i instanceof Blob)return i;let t;try{t=await ir(i)}catch(e){throw e.name!=="SecurityError"?e:Mi(
"The canvas contains a picture from another site and cannot be read.",e)}if(!t)throw Mi("The canvas is empty or too larg\
e for this browser.");return t}function ir(i){return i.convertToBlob?i.convertToBlob():new Promise(t=>{i.toBlob(t)})}function Mi(i,t){
return new p("image_unavailable",i,{cause:t})}var nr={silenceMs:4e4,pollMs:3e3},xt=class{onconnection=null;onerror=null;#t;#e;#s;#i;#n=new ne(t=>this.#g(t));#o="polli\
ng";#a;#r;#h=0;#c=null;#l=!1;#d=!1;#u;#f=new Promise(t=>{this.#u=t});constructor({baseUrl:t="",getToken:e=()=>null,userKey:s,
timing:n}={}){let o=r=>this.#x(r);this.#t=new nt({baseUrl:t,getToken:e,onToken:o}),this.#e=t,this.#s=s,this.#i={...nr,...n}}get jobs(){
return this.#n.all}get connection(){return this.#o}async submit(t,e,{signal:s,idempotencyKey:n=Z(),onprogress:o}={}){let r=await Pi(
t);await this.#t.token(s);let a=this.#h,h=()=>{if(a!==this.#h)throw Cs()},c=this.#t.submit(r,e,{signal:s,idempotencyKey:n,
onprogress:o,check:h}),{jobId:d}=await this.#n.awaitSubmit(c,(...u)=>this.#w(...u));if(a!==this.#h)throw Cs(d);return console.
log(`[VIDEO] Job started: ${d}`),this.follow(d)}follow(t,{signal:e}={}){let s=this.jobs.has(t),n=this.#n.follow(t,e,()=>this.#p());
return this.#p(),s||this.#c?.expectJob(),this.#d&&this.#n.clear(Ni()),n}subscribe(t){return this.#n.listeners.add(t)}async resume(){
this.#l=!0,await this.#t.token().catch(()=>{}),this.#n.restore(),this.#p(),this.#c?.expectJob(),await this.#f}async status(t,{
signal:e}={}){let s=await this.#t.status(t,e);return this.jobs.has(t)&&this.#w(s,"Poll"),s}history({status:t,limit:e,cursor:s,
signal:n}={}){return this.#t.jobs({status:t,limit:e,cursor:s,signal:n})}templates({signal:t}={}){return this.#t.templates(
t)}library({limit:t,cursor:e,templateSlug:s,q:n,favourite:o,signal:r}={}){return this.#t.library({limit:t,cursor:e,templateSlug:s,
q:n,favourite:o,signal:r})}video(t,{signal:e}={}){return this.#t.video(t,e)}changeVideo(t,{title:e,favourite:s}){return this.#t.
changeVideo(t,{title:e,favourite:s})}deleteVideo(t){return this.#t.deleteVideo(t)}share(t){return this.#t.share(t)}revokeShare(t){
return this.#t.revokeShare(t)}credits({signal:t}={}){return this.#t.credits(t)}me({signal:t}={}){return this.#t.me(t)}close(){
this.#d=!0,this.#p(),this.#n.clear(Ni()),this.#u()}async#g(t){try{let e=await this.#t.cancel(t);this.jobs.has(t)&&this.#w(
e,"Poll")}catch(e){if(e.code!=="job_finished")throw e;let{status:s}=await this.status(t);if(s!=="cancelled")throw e}}#w(t,e){
this.#n.update(t,e)&&(this.#c?.share(t,e),this.#p())}#x(t){let e=this.#s??_(t),s=t!==this.#r;if(this.#r=t,!(t===null&&this.#a)){
if(e===this.#a){s&&this.#c?.tokenChanged();return}this.#t.usesTokens&&(this.#h+=1,this.#n.clear(Cs())),this.#a=e,this.#n.
persistIn(this.#E()),this.#l&&this.#n.restore(),this.#p()}}get#v(){return this.#a?this.#m+encodeURIComponent(this.#a):null}get#m(){
return`video-generation/${new URL(`${this.#e}/`,location.origin)}`}#E(){return this.#v===null?new bt(this.#m,()=>sessionStorage):
new bt(this.#v,()=>localStorage)}#p(){let t=!this.#d&&(this.#l||this.#n.unfinished.length>0);t&&this.#c?.scope===this.#v||
(this.#c?.close(),this.#c=t?this.#b():null,this.#c?.open())}#b(){return new re(this.#v,{client:this.#t,timing:this.#i,on:{
unfinished:()=>this.#n.unfinished,statuses:t=>this.#k(t),update:(t,e)=>this.#w(t,e),updateFromTab:(t,e)=>this.#n.update(
t,e)&&this.#p(),notFound:(t,e)=>{this.#n.remove(t,e),this.#p()},connected:t=>this.#O(t),signedOut:t=>this.#S(t)}})}#k(t){
let e=t.filter(s=>!this.jobs.has(s));return e.forEach(s=>this.#n.ensure(s)),e.length>0&&this.#c.expectJob(),this.#n.statuses(
t)}#O(t){this.#u(),t!==this.#o&&(this.#o=t,ie(()=>this.onconnection?.(t)))}#S(t){this.#u(),ie(()=>this.onerror?.(t))}};function Cs(i=null){
return new p("unauthenticated","Somebody else has signed in.",{jobId:i})}function Ni(){return new p("aborted","The page \
has stopped following this job.")}var B=i=>document.getElementById(i),ae=class{#t;constructor(t,e){this.#t=t,t.addEventListener("change",()=>this.#e()),B(
"sign-out").addEventListener("click",()=>t.signOut());for(let s of document.querySelectorAll("[data-sign-in]"))s.addEventListener(
"click",()=>{B("account-menu").hidePopover(),e()});this.#e()}#e(){let{state:t,user:e}=this.#t,s=mt(e);document.documentElement.
dataset.session=ot?"development":t,B("account-name").textContent=s,B("account-label").textContent=ot?"Development":s,B("\
account").ariaLabel=ot?"Development: nobody signs in":`Account: ${s}`,B("account").title=B("account").ariaLabel,t==="out"&&
B("account-menu").hidePopover()}};var $i="http://www.w3.org/2000/svg";function k(i){let t=document.createElementNS($i,"svg"),e=document.createElementNS($i,
"use");return t.setAttribute("class","icon"),t.setAttribute("aria-hidden","true"),e.setAttribute("href",`#icon-${i}`),t.
append(e),t}var Ri=["any","cinematic-reveal","dance-floor","gentle-zoom","night-life-roller","portrait-alive","poster-parallax","pro\
duct-turntable","story-teaser","weather-change"];var or=6e4;function ht(i,{url:t,posterUrl:e}){i.muted=!0,i.poster=e??"",i.src=t}function he(i,t,e){let s=l("span",{class:"\
lost",role:"alert"},"This video cannot be played at the moment."),n=-1/0;i.addEventListener("error",async()=>{let r=Date.
now()-n<or?null:await e.status(t).catch(()=>null);if(i.isConnected){if(!r?.url)return i.after(s);n=Date.now(),i.src=r.url,
Et(i)}}),i.addEventListener("loadeddata",()=>s.remove())}function Et(i){i.play().catch(()=>{})}function ce({width:i,height:t}){
return i===void 0?16/9:i/t}var Di="previews",le=matchMedia("(prefers-reduced-motion: reduce)"),de=class{#t=y.get(Di)!=="paused"&&!le.matches;#e=new Map;#s=document.
querySelectorAll("[data-previews]");#i=new IntersectionObserver(t=>{for(let{target:e,isIntersecting:s}of t)this.#a(e,s);
this.#o()},{threshold:.25});constructor(){le.addEventListener("change",()=>this.#n(!le.matches));for(let t of this.#s)t.
addEventListener("click",()=>{this.#n(!this.#t),y.set(Di,this.#t?null:"paused")});this.#n(this.#t)}show(t,e){ht(t,{url:Ui(
e,"mp4"),posterUrl:q(e)}),this.#i.observe(t),this.#a(t,this.#e.get(t))}#n(t){this.#t=t;let e=t?"Pause previews":"Play pr\
eviews";for(let s of this.#s)s.ariaLabel=e,s.firstElementChild.replaceWith(k(t?"pause":"play")),s.children[1]&&(s.children[1].
textContent=e);for(let[s,n]of this.#e)this.#a(s,n)}#o(){for(let t of this.#e.keys())t.isConnected||(this.#e.delete(t),this.#i.
unobserve(t))}#a(t,e){this.#e.set(t,e),this.#t&&e?Et(t):t.pause()}};function q(i){return Ui(i,"webp")}function _i(){return le.
matches}function Ui(i,t){let e=Ri.includes(i)?i:"any";return Dt(`previews/${e}.${t}`)}var Fi=new WeakMap;function St(i,{picture:t,templateSlug:e}){let s=t.url??q(e),[n]=s.split("?");Fi.get(i)!==n&&(Fi.set(i,
n),i.onerror=()=>{i.onerror=null,i.src=q(e)},i.src=s)}function ue(i,t){let e=Yt.findIndex(([s])=>s===t.stage);e<0||[...i.children].forEach((s,n)=>{s.classList.toggle("is-past",
n<e),s.classList.toggle("is-present",n===e),s.ariaCurrent=n===e?"step":null,s.textContent=n===e?rt(t):Yt[n][1],s.classList.
toggle("is-measured",n===e&&t.sent!==void 0),s.style.setProperty("--sent",t.sent)})}function fe(i,t){let{from:e,to:s}=i?.waitSeconds??{};return s===void 0?"":t>s?"longer than usual":`usually ${rr(e,s)}`}function rr(i,t){
let e=t<=90,[s,n]=e?[5,"seconds"]:[60,"minutes"],o=h=>e?h*5:h,[r,a]=[o(Math.floor(i/s)),o(Math.ceil(t/s))];return r===0?
`up to ${a} ${n}`:`${r} to ${a} ${n}`}var Bi={underWay:["watch","cancel"],completed:["play","change"],deleted:["change"],failed:["change","repeat"],cancelled:[
"change"]},As=["cancel","watch","play","repeat","change"],pe=class{#t;#e=M("job");constructor(t,e,s){this.attempt=t,this.#t=
e,this.#e.when.textContent=F(t.startedAt),this.#e.when.dateTime=new Date(t.startedAt).toISOString();let n={...s,cancel:()=>e.
attempts.cancel(t)};for(let o of As)this.#e[o].addEventListener("click",()=>this.#o(this.#e[o],n[o]))}get element(){return this.#e.
root}focus(){this.#e[Bi[this.#i][0]].focus()}update(){let{cancel:t,steps:e,note:s,elapsed:n,picture:o,local:r,root:a}=this.#e,
{status:h,hasEnded:c,isCancelling:d,templateSlug:u,seconds:f}=this.attempt;a.dataset.state=this.#i,this.#s();for(let C of As)
this.#e[C].hidden=!Bi[this.#i].includes(C);St(o,this.attempt),e.hidden=n.hidden=c,r.hidden=!h.localPreview;let b=d?"":fe(
this.#t.catalogue.find(u),f);n.textContent=[`\xA0\xB7 ${I(f)}`,b].filter(Boolean).join("\xA0\xB7 ");let m=c?this.#n:d?"C\
ancelling\u2026":rt(h);s.textContent!==m&&(s.textContent=m),!c&&(E(t,d||h.stage==="storing"),ue(e,h))}#s(){let{titles:t,
catalogue:e}=this.#t,{title:s,words:n}=this.#e,{jobId:o,templateSlug:r,variables:a={}}=this.attempt;n.textContent=ki(a,r,
e);let h=t.of(o)??T(r,e);if(s.textContent!==h){s.textContent=h;for(let c of As)this.#e[c].ariaLabel=`${this.#e[c].textContent}\
: ${h}`}}get#i(){let{hasEnded:t,error:e,status:s,jobId:n}=this.attempt;return t?e?"failed":s.deletedAt||this.#t.deletions.
has(n)?"deleted":s.status:"underWay"}get#n(){let{error:t,status:e,seconds:s}=this.attempt;return this.#i==="completed"?`\
Ready after ${I(s)} \xB7 ${A(e.credits)}`:this.#i==="deleted"?"You deleted this video.":this.#i==="cancelled"?"Cancelled\
. Nothing was charged.":`${t?.message??e.error.message} Nothing was charged.`}async#o(t,e){N(t)||(E(t,!0),await this.#t.
reportErrors(()=>e(this.attempt)),E(t,!1),this.update())}};var ar=1e3,me=class{#t;#e;#s;#i=P("activity");#n=new Map;#o=null;#a;#r;constructor(t,e,s){this.#t=t,this.#e=e,this.#s=s;
let{more:n,end:o,retry:r}=this.#i,a=()=>t.reportErrors(()=>this.#h());n.addEventListener("click",a),r.addEventListener("\
click",a);let h=([{isIntersecting:c}])=>c&&!n.hidden&&a();this.#r=new IntersectionObserver(h,{rootMargin:"400px"}),this.#r.
observe(o),t.attempts.addEventListener("change",()=>this.show()),t.titles.addEventListener("change",()=>this.show());for(let c of[
"change","undo"])t.deletions.addEventListener(c,()=>this.show());e.addEventListener("close",()=>this.show())}async enter(){
clearInterval(this.#a),this.#a=setInterval(()=>this.#l(),ar),this.show(),this.#t.attempts.isHistoryKnown||await this.#h()}leave(){
clearInterval(this.#a)}show(){if(this.#e.isOpen)return;let{attempts:t}=this.#t,e=t.all.map(n=>this.#d(n)),s=e.find(n=>n.
element.contains(document.activeElement));for(let n of e)n.update();this.#u("running",e.filter(n=>!n.attempt.hasEnded)),
this.#u("ended",e.filter(n=>n.attempt.hasEnded)),this.#i.empty.hidden=e.length>0||!t.isHistoryKnown,this.#i.more.hidden=
!t.hasMore||!t.isHistoryKnown,s&&!s.element.contains(document.activeElement)&&s.focus()}async#h(){if(this.#o)return;let{
trouble:t,end:e}=this.#i;this.#o=this.#t.attempts.loadMore();try{await this.#o,t.hidden=!0}catch(s){throw t.hidden=this.#t.
attempts.isHistoryKnown,s}finally{this.#o=null}this.show(),this.#t.titles.read(this.#c),this.#r.unobserve(e),this.#r.observe(
e)}get#c(){return this.#t.attempts.all.filter(({status:e})=>e.status==="completed"&&!e.deletedAt).map(({jobId:e})=>e)}#l(){
for(let[t,e]of this.#n)t.hasEnded||e.update()}#d(t){return this.#n.has(t)||this.#n.set(t,new pe(t,this.#t,this.#s)),this.#n.
get(t)}#u(t,e){let s=this.#i[`${t}Jobs`];for(e.forEach(({element:n},o)=>{s.children[o]!==n&&s.insertBefore(n,s.children[o]??
null)});s.children.length>e.length;)s.lastChild.remove();this.#i[t].hidden=e.length===0}};var ge=class{#t;#e=document.querySelectorAll("[data-notify]");constructor(t){this.#t=t;for(let e of this.#e)e.addEventListener(
"click",()=>this.#s(e));this.#i()}tell({title:t,text:e,tag:s,open:n}){if(!document.hidden||(this.#t.showUnseen(t),globalThis.
Notification?.permission!=="granted"))return;let o=qi(t,{body:e,tag:s});o?.addEventListener("click",()=>{focus(),o.close(),
n()})}async#s(t){let e=await Notification.requestPermission();document.activeElement===t&&(t.nextElementSibling??document.
getElementById("main")).focus(),this.#i(),this.#t.announce(e==="granted"?"You will get a notification when a video is do\
ne.":"Notifications stay off.")}#i(){let t=globalThis.Notification?.permission==="default"&&qi("")!==null;for(let e of this.#e)
e.hidden=!t}};function qi(i,t){try{return new Notification(i,t)}catch{return null}}var we=class{#t;#e;#s;#i;#n;#o=new Set;#a=new WeakMap;constructor(t,{shell:e,dialog:s,library:n}){this.#t=t,this.#e=e,this.#s=
s,this.#i=n,this.#n=new ge(e);let{attempts:o}=t;o.addEventListener("change",({detail:r})=>this.#r(r)),o.addEventListener(
"end",({detail:r})=>this.#h(r)),o.addEventListener("cancel-failed",({detail:{error:r,attempt:a}})=>t.report(r,a,()=>o.cancel(
a)))}#r(t){this.#e.showRunning(this.#t.attempts.underWay.length),t.job&&!this.#o.has(t.job.id)&&(this.#o.add(t.job.id),this.#c());
let e=t.hasEnded?"":rt({stage:t.status.stage});e&&this.#a.get(t)!==e&&this.#d(t,e)}#h(t){let{status:e,error:s,jobId:n}=t.
status;if(t.error?.code!=="offline"&&this.#c(),t.error?.code==="aborted")return this.#d(t,"cancelled");let o=t.error??(e===
"failed"?{...s,jobId:n}:null);if(o)return this.#l(t,"A video failed","activity"),this.#t.report(o,t);if(e==="cancelled")
return this.#d(t,"cancelled");if(!t.status.url)return;let r=this.#t.router.location.view==="library",a=!this.#s.shows(t);
return a&&!r&&this.#e.showNewVideo(),this.#t.reportErrors(()=>this.#i.add(n,{isNew:a})),this.#l(t,"Your video is ready",
"library",{video:n}),this.#d(t,"is ready")}#c(){this.#t.reportErrors(()=>this.#t.account.refresh())}#l({templateSlug:t,jobId:e},s,n,o){
let r=T(t,this.#t.catalogue),a=()=>this.#t.router.go(n,o);this.#n.tell({title:s,text:r,tag:e,open:a})}#d(t,e){this.#a.set(
t,e),this.#e.announce(`${T(t.templateSlug,this.#t.catalogue)}: ${e}`)}};var hr={grant:["Granted","is-in","+"],charge:["Charged for a video","","\u2212"],hold:["Set aside for a video","is-aside",
""],release:["Given back, no video","is-aside",""],refund:["Charge given back","is-in","+"],withdrawal:["Taken back","",
"\u2212"]},ye=class{#t;#e=P("credits");constructor({account:t,reportErrors:e}){this.#t=t,t.addEventListener("change",()=>this.#s(
t.credits)),this.#e.getCredits.hidden=!X,X&&(this.#e.getCredits.href=X),this.#e.retry.addEventListener("click",()=>e(()=>this.
enter()))}async enter(){try{await this.#t.refresh()}catch(t){throw this.#e.trouble.hidden=this.#t.credits!==null,t}}#s({
balance:t,held:e,available:s,entries:n}){let o={balance:t,held:e,available:s};for(let[a,h]of Object.entries(o))this.#e[a].
textContent=h;let r=new Set(n.filter(({kind:a})=>a==="charge").map(({jobId:a})=>a));this.#e.entries.replaceChildren(...n.
map(a=>cr(a,r))),this.#e.table.hidden=n.length===0,this.#e.empty.hidden=n.length>0,this.#e.trouble.hidden=!0}};function cr({
kind:i,credits:t,createdAt:e,jobId:s,title:n},o){let[r,a,h]=hr[i],c=M("entry"),d=i==="refund"||o.has(s);c.root.className=
a,c.what.textContent=r;let u=O.link("library",{video:s});return n&&c.title.append(d?l("a",{href:u},n):n),c.when.textContent=
F(e),c.amount.textContent=t===0?"0":h+t,c.root}var ve=class{#t;#e;#s=P("templates");#i;constructor({catalogue:t},e){this.#t=t,this.#e=e,this.#i=t.templates}enter(){let{
templates:t}=this.#t;t!==this.#i&&(this.#i=t,this.#s.gallery.replaceChildren(...t.map(e=>this.#n(e))))}#n({slug:t,title:e,
description:s,modelName:n,credits:o}){let r=M("card");return r.title.href=O.link("studio",{template:t}),r.title.textContent=
e,r.text.textContent=s,r.model.textContent=n,r.cost.textContent=A(o),this.#e.show(r.preview,t),r.root}};var lr=250,be=class{#t;#e="";#s=!1;#i="";#n;constructor(t,{onType:e,onChoose:s}){let{q:n,favourites:o,filter:r}=this.#t=
t,a=c=>this.#o({q:n.value.trim(),...c}),h=c=>{this.settle(),s(a(c))};n.addEventListener("input",()=>{this.settle(),this.#n=
setTimeout(()=>n.value.trim()!==this.#e&&e(a({})),lr)}),o.addEventListener("click",()=>h({favourite:!this.#s})),r.addEventListener(
"change",()=>h({slug:r.value})),this.showTemplates([])}settle(){clearTimeout(this.#n)}showTemplates(t){let e=[{slug:"",title:"\
All templates"},...t];this.#t.filter.replaceChildren(...e.map(({slug:s,title:n})=>l("option",{value:s},n))),this.#t.filter.
value=this.#i}read(t){let e=JSON.stringify(this.query);this.#e=t.get("q")??"",this.#s=t.has("favourite"),this.#i=t.get("\
template")??"";let{q:s,favourites:n,filter:o}=this.#t;return s.value.trim()!==this.#e&&(s.value=this.#e),n.ariaPressed=this.#s,
o.value=this.#i,JSON.stringify(this.query)!==e}get query(){return this.#o({})}get wanted(){return{q:this.#e||void 0,favourite:this.#s||
void 0,templateSlug:this.#i||void 0}}get isAny(){return Object.keys(this.query).length>0}matches({title:t,favourite:e,templateSlug:s}){
return t.toLowerCase().includes(this.#e.toLowerCase())&&(!this.#s||e)&&(!this.#i||this.#i===s)}describe(t){let e=this.#s?
"favourite":"video",s=this.#i?`${e} of ${T(this.#i,t)}`:e;return this.#e?`No ${s} has \u201C${this.#e}\u201D in its title.`:
`You have no ${s} yet.`}#o({q:t=this.#e,favourite:e=this.#s,slug:s=this.#i}){return{...t&&{q:t},...e&&{favourite:"true"},
...s&&{template:s}}}};var xe=class{#t;#e;#s=!1;#i=null;constructor(t,{tiles:e,run:s}){let{root:n,select:o,all:r,done:a}=t;this.#t=t,this.#e=e,
o.addEventListener("click",()=>N(o)||this.#o(!this.#s)),a.addEventListener("click",()=>this.end()),r.addEventListener("c\
lick",()=>this.#a());for(let[h,c]of Object.entries(s))t[h].addEventListener("click",({detail:d})=>{!N(t[h])&&d<2&&c(this.#n.
map(({video:u})=>u))});n.addEventListener("keydown",h=>this.#h(h))}join(t){this.#s&&(t.isPickable=!0)}pick(t,e){let s=this.#e(),
[n,o]=[s.indexOf(e?this.#i:t),s.indexOf(t)],r=s.slice(Math.min(n,o),Math.max(n,o)+1);for(let a of n<0?[t]:r)a.isPicked=t.
isPicked;this.#i=t,this.#r()}end(){this.#s&&this.#o(!1)}get#n(){return this.#e().filter(t=>t.isPicked)}#o(t){let{select:e,
selection:s}=this.#t,n=s.contains(document.activeElement);this.#s=t,this.#i=null,e.ariaPressed=t,s.hidden=!t;for(let o of this.#e())
o.isPickable=t;n&&e.focus(),this.#r()}#a(){let t=this.#e(),e=this.#n.length<t.length;for(let s of t)s.isPicked=e;this.#r()}#r(){
let{count:t,favour:e,save:s,remove:n}=this.#t,o=this.#n.length;t.textContent=`${o} selected`;for(let r of[e,s,n])E(r,o===
0)}#h(t){if(!this.#s||t.target.matches("input:not([type=checkbox])"))return;if((t.ctrlKey||t.metaKey)&&t.key==="a")this.#a();else if(t.
key==="Escape")this.end();else return;t.preventDefault()}};function Ee(i,{title:t,favourite:e}){i.ariaPressed=e,i.ariaLabel=`Favourite: ${t}`,i.title=e?"Remove from favourites":"A\
dd to favourites"}function Se(i,t){if(i.hidden)return;let e=i.textContent,s=document.activeElement,n=l("input",{class:"input title-field",
value:e,maxlength:200,"aria-label":"Title"}),o=r=>{if(i.hidden===!1)return;i.hidden=!1;let a=document.activeElement===n,
h=n.value.trim();n.remove(),a&&s.focus(),r&&h&&h!==e&&t(h)};n.addEventListener("keydown",r=>{r.isComposing||!["Enter","E\
scape"].includes(r.key)||(r.preventDefault(),r.stopPropagation(),o(r.key==="Enter"))}),n.addEventListener("blur",()=>o(!0)),
i.hidden=!0,i.after(n),n.focus(),n.select()}var ji={least:.7,most:2.4},ke=class{#t=M("tile");#e;constructor(t,{isNew:e,videos:s,on:n}){let{root:o,picture:r,open:a,more:h,
star:c,pick:d,title:u,time:f}=this.#t,b=Math.min(ji.most,Math.max(ji.least,ce(t)));this.#e=n.rename,o.style.setProperty(
"--ratio",b.toFixed(4)),o.dataset.job=t.jobId,this.#t.new.hidden=!e,this.#t.date.textContent=Si(t.createdAt),f.hidden=t.
durationSeconds===void 0,f.hidden||(f.textContent=I(Math.round(t.durationSeconds))),a.addEventListener("click",()=>n.open()),
c.addEventListener("click",()=>n.star()),h.addEventListener("click",()=>n.menu(h)),d.addEventListener("click",({shiftKey:m})=>n.
pick(m)),u.addEventListener("dblclick",()=>this.rename()),o.addEventListener("keydown",m=>m.key==="F2"&&this.rename()),this.#s(
t,s),this.#i(r,a,s),this.update(t)}get root(){return this.#t.root}get isShown(){return!this.root.hidden}get isPicked(){return this.#t.
pick.checked}set isPicked(t){this.#t.pick.checked=t}set isPickable(t){let{open:e,pick:s,star:n,more:o}=this.#t;for(let r of[
e,n,o])r.inert=t;s.hidden=!t,s.checked=!1}update(t){let{open:e,pick:s,star:n,more:o,title:r,shared:a}=this.#t;this.video=
t,r.textContent=r.title=t.title,a.hidden=!t.shareUrl,e.ariaLabel=`Play ${t.title}`,s.ariaLabel=`Select ${t.title}`,o.ariaLabel=
`More: ${t.title}`,Ee(n,t)}unmark(){this.#t.new.hidden=!0}rename(){Se(this.#t.title,this.#e)}focus(){let{open:t,pick:e}=this.#t;
(e.hidden?t:e).focus()}#s({jobId:t,posterUrl:e,templateSlug:s},n){let{poster:o}=this.#t,r=q(s),a=async()=>{let h=await n.
video(t).catch(()=>null);o.addEventListener("error",()=>o.src=r,{once:!0}),o.src=h?.posterUrl??r};o.addEventListener("er\
ror",a,{once:!0}),o.src=e??r}#i(t,e,s){let{screen:n}=this.#t,o=()=>{_i()||e.inert||(ht(n,{url:this.video.url}),Et(n))},r=()=>{
n.pause(),n.removeAttribute("src"),n.load()};he(n,this.root.dataset.job,s),t.addEventListener("pointerenter",({pointerType:a})=>a===
"mouse"&&o()),t.addEventListener("pointerleave",r),e.addEventListener("focus",()=>e.matches(":focus-visible")&&o()),e.addEventListener(
"blur",r)}};var dr={ArrowDown:1,ArrowUp:-1},Is=6,Oe=class{#t;#e=null;#s={};constructor(t){this.#t=document.getElementById(t),this.#t.
addEventListener("toggle",({newState:e})=>this.#o(e==="open")),addEventListener("resize",()=>this.#t.matches(":popover-o\
pen")&&this.#i()),this.#t.addEventListener("keydown",e=>this.#a(e)),this.#t.addEventListener("click",({target:e})=>{let s=e.
closest("[data-action]");s&&(this.#t.hidePopover(),this.#s[s.dataset.action]())})}prepare(t,e){this.#e&&(this.#e.ariaExpanded=
!1),this.#e=t,this.#s=e,this.#i()}#i(){let{left:t,right:e,top:s,bottom:n}=this.#e.getBoundingClientRect(),{clientWidth:o,
clientHeight:r}=document.documentElement,a=(s+n)/2>r/2,h=(t+e)/2>o/2;Object.assign(this.#t.style,{inset:"auto",[a?"botto\
m":"top"]:`${(a?r-s-scrollY:n+scrollY)+Is}px`,[h?"right":"left"]:`${Math.max(Is,h?o-e:t)}px`,maxHeight:`${(a?s:r-n)-2*Is}\
px`})}get#n(){return[...this.#t.querySelectorAll("[role^=menuitem]")]}#o(t){this.#e.ariaExpanded=t,t&&this.#n[0].focus()}#a(t){
let e=this.#n,s=e.indexOf(document.activeElement),o={Home:0,End:e.length-1}[t.key]??(s+dr[t.key]+e.length)%e.length;t.key===
"Tab"&&this.#t.hidePopover(),!Number.isNaN(o)&&(t.preventDefault(),e[o].focus())}};var ur=9,Te=class extends EventTarget{#t;#e;#s=new Oe("video-menu");#i;#n=new Map;#o=new Set;constructor(t,e){super(),this.#t=
t,this.#e=e;let{deletions:s}=t;this.#i=new xe(e,{tiles:()=>this.shown,run:{favour:n=>this.#l(n),save:n=>this.#d(n),remove:n=>{
this.#i.end(),s.add(n)}}}),t.changes.addEventListener("change",({detail:n})=>this.#f(n)),s.addEventListener("change",()=>this.#g()),
this.wait()}get size(){return this.#n.size}get shown(){return[...this.#e.shelf.children].map(({dataset:e})=>this.#n.get(
e.job)).filter(e=>e?.isShown)}find(t){return this.#n.get(t)?.video}mark(t){this.#o.add(t)}unmark(t){this.#o.delete(t),this.#n.
get(t)?.unmark()}wait(){let{shelf:t}=this.#e;if(t.ariaBusy=!0,this.size>0)return;let e=Array.from({length:ur},()=>l("li",
{class:"tile wait"}));t.replaceChildren(...e)}clear(){this.#n.clear(),this.#e.shelf.replaceChildren(),this.#e.shelf.ariaBusy=
null}append(t){this.#e.shelf.append(...this.#a(t))}prepend(t){this.#e.shelf.prepend(...this.#a([t]))}restore(t){let e=t.
map(({jobId:s})=>this.#n.get(s)).filter(Boolean);for(let s of e)s.root.hidden=!1;return document.hasFocus()&&e[0]?.focus(),
this.dispatchEvent(new Event("change")),e.length===t.length}endSelection(){this.#i.end()}#a(t){let{deletions:e}=this.#t;
return t.filter(({jobId:n})=>!this.#n.has(n)&&!e.has(n)).map(n=>this.#r(n))}#r(t){let e=new ke(t,{isNew:this.#o.has(t.jobId),
videos:this.#t.videos,on:{open:()=>this.#c(e),rename:s=>this.#u(e.video,{title:s}),star:()=>this.#l([e.video],!e.video.favourite),
menu:s=>this.#h(e,s),pick:s=>this.#i.pick(e,s)}});return this.#n.set(t.jobId,e),this.#i.join(e),e.root}#h(t,e){let{deletions:s,
useAgain:n}=this.#t;this.#s.prepare(e,{rename:()=>t.rename(),share:()=>this.#c(t,"share"),save:()=>this.#d([t.video]),details:()=>this.#c(
t,"details"),again:()=>n(t.video),remove:()=>s.add([t.video])})}#c({video:t},e){this.dispatchEvent(new CustomEvent("open",
{detail:{jobId:t.jobId,part:e}}))}#l(t,e=!t.every(s=>s.favourite)){for(let s of t)this.#u(s,{favourite:e});this.#t.announce(
`${gt(t)} ${e?"added to":"removed from"} favourites`)}#d(t){this.#t.announce(`Downloading ${gt(t)}`),this.#t.reportErrors(
()=>this.#t.changes.download(t))}#u(t,e){this.#t.reportErrors(()=>this.#t.changes.change(t,e))}#f({jobId:t,...e}){let s=this.#n.
get(t);s?.update({...s.video,...e})}#g(){let t=this.shown,e=t.findIndex(({root:o})=>o.contains(document.activeElement));
for(let{root:o,video:r}of t)o.hidden=this.#t.deletions.has(r.jobId);if(this.dispatchEvent(new Event("change")),e<0||t[e].
isShown)return;let s=t.slice(e).find(o=>o.isShown),n=t.slice(0,e).findLast(o=>o.isShown);(s??n??this.#e.root).focus()}};var fr=24,Le=class{#t;#e;#s=P("library");#i;#n;#o=null;#a=null;#r=!0;#h=!1;#c;#l;constructor(t,e){let{router:s,deletions:n,
reportErrors:o}=t,{more:r,end:a,retry:h}=this.#s;this.#t=t,this.#e=e,this.#i=new be(this.#s,{onType:u=>{s.replace("libra\
ry",u),o(()=>this.enter(s.location.query))},onChoose:u=>s.go("library",u)}),this.#n=new Te(t,this.#s),this.#n.addEventListener(
"change",()=>this.#g()),this.#n.addEventListener("open",({detail:{jobId:u,part:f}})=>{this.#c=f,s.go("library",{...this.#i.
query,video:u})}),n.addEventListener("undo",({detail:u})=>{this.#n.restore(u)||o(()=>this.#d())});let c=()=>o(()=>this.#u());
r.addEventListener("click",c),h.addEventListener("click",c);let d=([{isIntersecting:u}])=>u&&!r.hidden&&c();this.#l=new IntersectionObserver(
d,{rootMargin:"600px"}),this.#l.observe(a),e.addEventListener("close",()=>this.#h&&this.#m()),this.showTemplates(t.catalogue.
templates)}showTemplates(t){this.#i.showTemplates(t)}async add(t,{isNew:e}){let{router:s,videos:n}=this.#t,o=s.location.
view==="library";if(e&&this.#n.mark(t),!o||this.#r)return this.#r=!0,o&&this.enter(s.location.query);let r=await n.video(
t);if(!(this.#r||!this.#i.matches(r)))return this.#n.prepend(r),this.#g()}async enter(t){let e=t.get("video"),s=e&&this.#n.
size>0;(this.#i.read(t)||this.#r&&!s)&&await this.#d(),e?await this.#v(e):this.#h&&this.#e.close()}leave(){this.#i.settle(),
this.#n.endSelection()}async#d(){this.#r=!0,this.#a?.abort(),this.#a=this.#o=null,this.#s.more.hidden=this.#s.empty.hidden=
!0,this.#n.wait(),await this.#u()}async#u(){if(this.#a)return;let t=new AbortController,{signal:e}=t,s=this.#o??void 0;this.#a=
t;try{let{wanted:n}=this.#i,o=await this.#t.videos.library({limit:fr,cursor:s,...n,signal:e});s||this.#n.clear(),s||(this.#r=
!1),this.#f(o),!s&&this.#i.isAny&&this.#x()}catch(n){if(e.aborted)return;throw s||this.#n.clear(),this.#s.trouble.hidden=
!1,n}finally{this.#a===t&&(this.#a=null)}}#f({videos:t,nextCursor:e}){let{more:s,end:n,trouble:o}=this.#s;this.#n.append(
t),this.#t.titles.note(t),this.#o=e,s.hidden=e===null,o.hidden=!0,this.#g(),this.#l.unobserve(n),this.#l.observe(n)}#g(){
let{empty:t,emptyTitle:e,emptyText:s,emptyLink:n,emptyAll:o,select:r}=this.#s,{isAny:a,query:h}=this.#i,c=!this.#r&&this.#n.
shown.length===0&&this.#o===null;t.hidden=!c,E(r,c),e.textContent=a?"No video found":"Nothing here yet",s.textContent=a?
this.#w:"Finished videos appear here, newest first.",o.hidden=!a,n.hidden=!!h.q,n.href=O.link("studio",h.template?{template:h.
template}:{})}get#w(){return this.#i.describe(this.#t.catalogue)}#x(){let t=this.#n.shown.length,e=t===1?"1 video":`${t}\
 videos${this.#o?" and more":""}`;this.#t.announce(t===0?this.#w:e)}async#v(t){let{router:e,videos:s}=this.#t,n=this.#c;
this.#c=void 0;try{let o=this.#n.find(t)??await s.video(t);if(e.location.query.get("video")!==t)return;this.#h=!0,this.#n.
unmark(t),this.#e.play(o,n)}catch(o){if(e.location.query.get("video")!==t)return;throw this.#m(),o}}#m(){let{router:t,reportErrors:e}=this.#t;
this.#h=!1,t.location.query.has("video")&&t.replace("library",this.#i.query),this.#r&&t.location.view==="library"&&e(()=>this.#d())}};var j=class extends EventTarget{#t;#e=null;constructor(t){super(),this.#t=document.getElementById(t),this.parts=at(this.#t),
this.#t.addEventListener("close",()=>this.isOpen||this.#s());let e=null;this.#t.addEventListener("pointerdown",({target:s})=>{
e=s}),this.#t.addEventListener("click",({target:s,detail:n})=>{(s===this.#t&&e===s&&n<2||s.closest("[data-close]"))&&this.
close()})}get isOpen(){return this.#t.open}open(t){this.isOpen||(this.#e=document.activeElement,this.#t.showModal()),t.focus()}close(){
this.isOpen&&(this.#t.close(),this.#s())}#s(){let t=this.#e;t!==null&&(this.#e=null,this.dispatchEvent(new Event("close")),
t.isConnected||document.getElementById("main").focus())}};var Ce=class{#t=new j("other-user");#e=this.#t.parts;#s;#i;constructor({session:t,reportErrors:e},s){this.#s=t,this.#i=s,
t.addEventListener("change",()=>e(()=>this.#n())),this.#e.go.addEventListener("click",()=>{let n=t.offered;this.#t.close(),
t.signIn(n)}),this.#t.addEventListener("close",()=>{t.offered=null})}async#n(){let t=this.#s,e=t.offered;if(e===null||t.
state==="unknown")return;let s=await this.#o(e);e!==t.offered||t.state==="unknown"||(s===null?t.offered=null:t.isSignedOut||
s.user===t.user.user?t.signIn(e):this.#a(s))}async#o(t){try{return await this.#i(t)}catch(e){if(e.code!=="unauthenticate\
d")throw e;return null}}#a(t){this.#e.other.textContent=mt(t),this.#e.present.textContent=mt(this.#s.user),this.#t.open(
this.#e.stay)}};var Ms=["auto","dark","light"];function Wi(i){let t=document.documentElement,e=s=>{s==="auto"?delete t.dataset.theme:t.dataset.
theme=s,i.ariaLabel=i.title=`Theme: ${s}`,i.replaceChildren(k(s))};i.addEventListener("click",()=>{let s=Ms[(Ms.indexOf(
t.dataset.theme??"auto")+1)%Ms.length];y.set("theme",s==="auto"?null:s),e(s)}),e(t.dataset.theme??"auto")}var W=i=>document.getElementById(i),Ae=class{#t=null;#e=0;#s=!1;#i="";constructor(){document.addEventListener("keydown",
t=>{t.repeat&&t.key==="Enter"&&t.target.closest("button, a")&&t.preventDefault()}),pr(),Wi(W("theme"));for(let t of["onl\
ine","offline"])addEventListener(t,()=>this.#n());document.addEventListener("visibilitychange",()=>this.#i&&!document.hidden&&
this.showUnseen("")),document.querySelector(".skip-link").addEventListener("click",t=>{t.preventDefault(),W("main").focus()})}show(t){
let e=this.#t===null,s=document.activeElement;this.#t=t,document.documentElement.dataset.view=t;for(let o of document.querySelectorAll(
"[data-tab]"))o.ariaCurrent=o.dataset.tab===t?"page":null;if(t==="library"&&this.#a("library",""),this.#o(),e)return;scrollTo(
0,0);let n=document.querySelector(`[data-of="${t}"]`);s.checkVisibility()||n.focus({preventScroll:!0})}get saysSignedOut(){
let t=document.querySelector("dialog[open]")!==null;return document.querySelector(".signed-out").checkVisibility()&&!t}showRunning(t){
this.#e=t,this.#a("activity",t||"",`${t} under way`),this.#o()}showNewVideo(){this.#a("library","\u2713","new video")}showUnseen(t){
this.#i=t,this.#o()}showBalance({available:t}){W("balance").hidden=!1,W("balance").ariaLabel=`${t} credits available`,W(
"balance").lastChild.textContent=t}showConnection(t){this.#s=t,this.#n()}announce(t){let e=document.querySelector("dialo\
g[open] [data-announcer]")??W("announcer");for(let s of document.querySelectorAll("[data-announcer]"))s.textContent=s===
e?t:""}#n(){let t=this.#s||!navigator.onLine;W("connection").replaceChildren(...t?[k("offline"),"Offline"]:[])}#o(){let t=this.#i||
document.querySelector(`[data-of="${this.#t}"] h1`).textContent;document.title=`${this.#e?`(${this.#e}) `:""}${t} \xB7 Anim\
ate`}#a(t,e,s=""){let n=W(`${t}-badge`);n.hidden=e==="",n.textContent=e,n.ariaLabel=s}};function pr(){let i=null,t=e=>{let s=e.
target.closest("dialog, [popover]");e.detail<2?i=s:s!==i&&(e.preventDefault(),e.stopImmediatePropagation())};document.addEventListener(
"click",t,{capture:!0})}var Ie=class{#t=new j("sign-in");#e=this.#t.parts;#s;#i;#n=null;constructor(t,e){this.#s=t,this.#i=e,t.addEventListener(
"signed-in",()=>this.#t.close()),this.#t.addEventListener("close",()=>this.#a()),this.#e.form.addEventListener("submit",
s=>{s.preventDefault(),this.#o(this.#e.token.value.trim())})}open(){bs?this.#s.leaveFor(bs):this.#t.open(this.#e.token)}async#o(t){
if(t===this.#n)return;this.#n=t;let e=null;try{if(!Es(t))throw new Error("Paste your access token.");await this.#i(t)}catch(s){
e=s}if(t===this.#n){if(this.#n=null,e)return this.#r(e);this.#t.close(),this.#s.signIn(t)}}#a(){this.#n=null,this.#e.form.
reset(),this.#e.problem.textContent="",this.#e.token.ariaInvalid=null}#r({code:t,message:e}){let s=t==="unauthenticated";
this.#e.problem.textContent=s?"The service does not accept this token.":e,this.#e.token.ariaInvalid=!0,this.#e.token.focus()}};var Ps="canvas-tab",mr=500,zi=null;function Gi(){return zi??=gr(),zi}async function gr(){let i=g.get(Ps);if(i&&await Hi(
i))return{id:i};let t=Ns();return g.set(Ps,t),await Hi(t),{id:t,from:i}}function Hi(i){return navigator.locks?new Promise(
t=>{let e={signal:AbortSignal.timeout(mr)},s=()=>(t(!0),new Promise(()=>{}));navigator.locks.request(`${x}${Ps}/${i}`,e,
s).catch(()=>t(!1))}):Promise.resolve(!0)}function Ns(){return crypto.getRandomValues(new Uint32Array(4)).join("-")}var wr=`${x}designer`,yr=2,Q="drafts",$s="copied",vr=8,br=2e3,Me=class{#t;#e=Gi();constructor(t){this.#t=t}async load(){
let{id:t,from:e}=await this.#e,s=this.#t(),o=(await z(Ji(Vi(s)))??[]).sort((h,c)=>c.savedAt-h.savedAt);return(o.find(({tab:h})=>h===
t||h===e)||s&&await this.#s(t)||o[0])?.scene??null}async#s(t){let e=await z(Ji(H(Q,"readonly",n=>n.get(["",t]))));if(!e)
return null;let s={...e,owner:this.#t()};return await z(H(Q,"readwrite",n=>n.put(s))),await z(H(Q,"readwrite",n=>n.delete(
["",t]))),s}async save(t){let{id:e}=await this.#e,s=this.#t(),n={owner:s,tab:e,savedAt:Date.now(),scene:{...t,objects:Xi(
t.objects)}};await z(H(Q,"readwrite",o=>o.put(n))),await z(this.#i(s))}async#i(t){let e=(await Vi(t)).sort((s,n)=>n.savedAt-
s.savedAt);for(let{tab:s}of e.slice(vr))await H(Q,"readwrite",n=>n.delete([t,s]))}};function Yi({mark:i,objects:t},e){let s={
owner:e,mark:i,objects:Xi(t)};return z(H($s,"readwrite",n=>n.put(s)))}function Zi(i){return z(H($s,"readonly",t=>t.get(i)))}
function Xi(i){let t=new Map(i.map(({source:e})=>[e,e&&{...e,bitmap:null}]));return i.map(e=>e.source?{...e,source:t.get(
e.source)}:e)}var Vi=i=>H(Q,"readonly",t=>t.getAll(IDBKeyRange.bound([i],[i,[]])));async function H(i,t,e){let s=indexedDB.
open(wr,yr);s.onupgradeneeded=()=>xr(s.result);let n=await Ki(s);try{return await Ki(e(n.transaction(i,t).objectStore(i)))}finally{
n.close()}}function xr(i){for(let t of i.objectStoreNames)i.deleteObjectStore(t);i.createObjectStore(Q,{keyPath:["owner",
"tab"]}),i.createObjectStore($s,{keyPath:"owner"})}function Ki(i){return new Promise((t,e)=>{i.onsuccess=()=>t(i.result),
i.onerror=()=>e(i.error)})}var Ji=i=>Promise.race([i,new Promise(t=>{setTimeout(t,br)})]);async function z(i){try{return await i}catch{
return}}function Qi(i,t){let e=l("input",{type:"file",accept:"image/*,.heic,.heif",multiple:!0,hidden:!0});return e.onchange=()=>{
t.addPictures([...e.files]),e.value=""},i.append(e),Sr(i,t),()=>e.click()}function kt({target:i},t){return!t.offsetWidth||
document.querySelector(":modal")?!1:i===document.body||t.contains(i)&&!i.matches(Er)}var Er="textarea, select, input:not\
([type=range], [type=radio], [type=checkbox])";function Sr(i,t){let e=(s,n)=>document.addEventListener(s,o=>{let{dataTransfer:r,
relatedTarget:a}=o;if(!r.types.includes("Files")||a)return;o.preventDefault();let h=i.offsetWidth>0&&!document.querySelector(
":modal");i.classList.toggle("canvas-drop",n&&h),s==="drop"&&h&&t.addPictures([...r.files])});e("dragover",!0),e("dragle\
ave",!1),e("drop",!1)}var tn="application/x-canvas-objects",en=32,Pe=class{#t;#e;#s={mark:"",objects:[]};#i=0;constructor(t,e){this.#t=t,this.#e=
e}listen(t){for(let e of["copy","cut"])document.addEventListener(e,s=>{!getSelection().isCollapsed||!kt(s,t)||this.#t.selection.
length===0||(s.preventDefault(),this.#n(s.clipboardData),e==="cut"&&this.#t.remove())});document.addEventListener("paste",
e=>{kt(e,t)&&this.#o(e.clipboardData)})}duplicate(){this.#r(this.#t.selected,en)}#n(t){let e=this.#t.selected;this.#s={mark:Ns(),
objects:e},this.#i=0;let s=e.map(({text:n})=>n).filter(Boolean).join(`
`);t.setData("text/plain",s),t.setData(tn,this.#s.mark),Yi(this.#s,this.#e()),this.#t.announce(e.length===1?"Copied":`${e.
length} objects copied`)}async#o(t){let[e,s]=[t.getData(tn),[...t.files]],n=t.getData("text/plain").trim().slice(0,500);
e?await this.#a(e):s.length?await this.#t.addPictures(s):n&&this.#t.add("text",{text:n})}async#a(t){if(t!==this.#s.mark){
let e=await Zi(this.#e());if(e?.mark!==t)return;this.#s=e,this.#i=-1}this.#i+=1,this.#r(this.#s.objects,this.#i*en)}#r(t,e){
let s=({kind:n,...o})=>({kind:n,look:{...o,x:o.x+e,y:o.y+e}});this.#t.addAll(t.map(s))}};function Ot({x:i,y:t},e){let s=e*Math.PI/180,[n,o]=[Math.cos(s),Math.sin(s)];return{x:i*n-t*o,y:i*o+t*n}}var tt=(i,{x:t,
y:e})=>Ot({x:t-i.x,y:e-i.y},-i.angle);function L(i,t){let{x:e,y:s}=Ot(t,i.angle);return{x:e+i.x,y:s+i.y}}function G({width:i,
height:t,angle:e}){let s=[1,-1].map(o=>Ot({x:i/2,y:t/2*o},e)),n=o=>Math.max(...s.map(r=>Math.abs(r[o])));return{x:n("x"),
y:n("y")}}function nn(i,t,e,s){let n={x:i.x,y:i.y},o=[];for(let[r,a]of[["x",e.width],["y",e.height]]){let h=[0,a/2,a,...t.
flatMap(u=>sn(u,r))],d=sn(i,r).flatMap(u=>h.map(f=>({at:f,by:f-u}))).reduce((u,f)=>Math.abs(f.by)<Math.abs(u.by)?f:u);Math.
abs(d.by)>7/s||(n[r]+=d.by,o.push({axis:r,at:d.at}))}return{place:n,guides:o}}function sn(i,t){let e=G(i)[t];return[i[t]-
e,i[t],i[t]+e]}var Ne=32,kr=Ne/2;function rn(i,t,e){let s=t.filter(o=>!Or(o,e)),n=({x:o,y:r})=>!s.some(a=>Math.hypot(a.x-o,a.y-r)<kr);return Tr(
i,e).find(n)??{x:i.x,y:i.y}}function Or({width:i,height:t},e){return i>e.width-1||t>e.height-1}function Tr(i,t){let e=G(
i),s=(r,a)=>{let h=Math.max(0,Math.floor((a/2-e[r])/Ne));return Array.from({length:2*h+1},(c,d)=>d-h)},n=s("y",t.height);
return s("x",t.width).flatMap(r=>n.map(a=>({across:r,down:a}))).sort((r,a)=>on(r)-on(a)).map(({across:r,down:a})=>({x:i.
x+r*Ne,y:i.y+a*Ne}))}function on({across:i,down:t}){return i===t&&i>=0?-1/(1+i):Math.hypot(i,t)}var Tt={left:0,right:0,top:0,bottom:0},Lr=.95,Cr={left:"right",right:"left",top:"bottom",bottom:"top"},Lt=(i,t)=>an(i,t,
Math.min),V=(i,t)=>an(i,t,Math.max);function an({width:i,height:t},e,s){let n=s(e.width/i,e.height/t),o={x:e.width/2,y:e.
height/2};return{width:i*n,height:t*n,...o,angle:0}}function Ar({x:i,y:t,width:e,height:s,angle:n},o){let r=(a,h,c)=>a-h/
2<1&&a+h/2>c-1;return n===0&&r(i,e,o.width)&&r(t,s,o.height)}function hn(i,t,e){if(!Ar(i,t))return null;let s=Math.min(i.
width/t.width,i.height/t.height),{width:n,height:o}=V(i,e),r={width:n*s,height:o*s},a=(h,c)=>{let d=i[c]-t[c],u=d<1?.5:(i[c]/
2-i[h])/d;return r[c]/2-u*(r[c]-e[c])};return{...r,x:a("x","width"),y:a("y","height")}}function Ct(i){let{left:t,right:e,
top:s,bottom:n}=i.cut,o=i.width/(1-t-e),r=i.height/(1-s-n),a={x:(e-t)/2*o,y:(n-s)/2*r};return{...i,width:o,height:r,...L(
i,a),cut:Tt}}function $e(i,t){let e={...i.cut};for(let[a,h]of Object.entries(t))e[a]=Math.min(Math.max(h,0),Lr-e[Cr[a]]);
let s=Ct(i),n={x:(e.left-e.right)/2*s.width,y:(e.top-e.bottom)/2*s.height},o=s.width*(1-e.left-e.right),r=s.height*(1-e.
top-e.bottom);return{cut:e,width:o,height:r,...L(s,n)}}function cn(i,{across:t,down:e},s){let n=Ct(i),{x:o,y:r}=tt(n,s),
a={};return t&&(a[t<0?"left":"right"]=.5+(t<0?o:-o)/n.width),e&&(a[e<0?"top":"bottom"]=.5+(e<0?r:-r)/n.height),$e(i,a)}function Re(i,t){
let e=Ct(i),{x:s,y:n}=Ot(t,-i.angle),{left:o,right:r,top:a,bottom:h}=i.cut,c=Math.min(Math.max(s/e.width,-r),o),d=Math.min(
Math.max(n/e.height,-h),a);return{cut:{left:o-c,right:r+c,top:a-d,bottom:h+d}}}function ln({flipX:i,flipY:t,cut:e},s){return s===
"x"?{flipX:!i,cut:{...e,left:e.right,right:e.left}}:{flipY:!t,cut:{...e,top:e.bottom,bottom:e.top}}}var ct={sans:'-apple-system, "Segoe UI Variable Display", "Segoe UI", Roboto, "Liberation Sans", sans-serif',rounded:'ui\
-rounded, "SF Pro Rounded", "Arial Rounded MT Bold", Nunito, Quicksand, sans-serif',narrow:'"Avenir Next Condensed", "Ar\
ial Narrow", "Liberation Sans Narrow", sans-serif',serif:'ui-serif, "New York", Georgia, "Liberation Serif", serif',mono:'\
ui-monospace, "Cascadia Code", "Liberation Mono", monospace'},Ir=/^\P{L}*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u,
Rs=1.12,dn=-.02,un=document.createElement("canvas").getContext("2d");function fn(i){if(i.kind!=="text")return i;let t=gn(
i).length*i.size*Rs,e=t-(i.height??t);return{...i,...L(i,{x:0,y:e/2}),height:t}}function pn(i,t){return{font:`${i.weight}\
 ${i.size*t}px/${Rs} ${ct[i.font]}`,letterSpacing:`${i.size*dn*t}px`,textAlign:i.align}}function Ds(i,t,e){mn(i,t),i.textAlign=
t.align;let{fontBoundingBoxAscent:s,fontBoundingBoxDescent:n}=i.measureText("x"),o=t.size*Rs,r={left:-.5,center:0,right:.5}[t.
align]*t.width,a=(o+s-n-t.height)/2;gn(t).forEach(({line:h,direction:c},d)=>{i.direction=c,e(h,r,a+d*o)})}function mn(i,t){
i.font=`${t.weight} ${t.size}px ${ct[t.font]}`,i.letterSpacing=`${t.size*dn}px`}function gn(i){return mn(un,i),i.text.split(
`
`).flatMap(t=>{let e=Ir.test(t)?"rtl":"ltr";return Mr(t,i.width).map(s=>({line:s,direction:e}))})}function Mr(i,t){let e=[
""],s=o=>un.measureText((e.at(-1)+o).trimEnd()).width<=t,n=o=>e.push(e.pop()+o);for(let o of i.match(/\S+\s*|\s+/g)??[]){
e.at(-1)&&!s(o)&&e.push("");for(let r of s(o)?[o]:o)e.at(-1)&&!s(r)&&e.push(""),n(r)}return e.map(o=>o.trimEnd())}var K={"21:9":{width:1280,height:548},"16:9":{width:1280,height:720},"4:3":{width:1280,height:960},"1:1":{width:1280,height:1280},
"4:5":{width:1024,height:1280},"3:4":{width:960,height:1280},"9:16":{width:720,height:1280}},Us={aspect:"16:9",backdrop:[
"#171226","#4b2f7d"],objects:[]},wn=4,Pr={width:4e3,height:4e3,size:800},Nr=2e4,$r=717,Rr={angle:0,opacity:100,shadow:!1,
stroke:["#ffffff"],strokeWidth:0},Dr={text:{text:"Your text",size:88,font:"sans",weight:800,align:"center",fill:["#fffff\
f"],stroke:["#0e0b16"],shadow:!0,width:.9},rectangle:{fill:["#8b6cff","#ff5fb0"],width:.3,height:.17,radius:24},ellipse:{
fill:["#ffe08a","#ff7a59"],width:.2,height:.2},line:{fill:["#ffffff"],width:.34,height:.008},star:{fill:["#ffe08a","#ffb\
84d"],width:.22,height:.22},picture:{cut:Tt,flipX:!1,flipY:!1,radius:0,width:1,height:1}},w=({aspect:i})=>K[i];function At({
width:i,height:t},e=Object.keys(K)){let s=n=>{let o=K[n];return Math.abs(Math.log(o.width*t/(o.height*i)))};return e.reduce(
(n,o)=>s(o)<s(n)?o:n)}function J(i,t,e){let s=w(i),n=Dr[t],r={width:Math.min(n.width*s.width,t==="text"?$r:1/0),height:n.
height*s.width||void 0},a=1+Math.max(0,...i.objects.map(u=>u.id)),h={x:s.width/2,y:s.height/2},c=De({...Rr,...n,...r,...h,
...e,kind:t,id:a},s),d=e?.x===void 0?rn(c,i.objects,s):{};return{...i,objects:[...i.objects,{...c,...d}]}}function R(i,t,e){
let s=o=>{let r=typeof e=="function"?e(o):e;return De({...o,...r},w(i))},n=i.objects.map(o=>t.includes(o.id)?s(o):o);return{
...i,objects:n}}function _e(i,t,e){let s=({id:h})=>t.includes(h),n=i.objects.filter(h=>!s(h)),o=e>0?i.objects.findLastIndex(
s):i.objects.findIndex(s),r=i.objects.slice(0,o).filter(h=>!s(h)).length,a=_s(r+e,0,n.length);return{...i,objects:n.toSpliced(
a,0,...i.objects.filter(s))}}function $(i,t){return Object.fromEntries(["width","height","size","radius","strokeWidth"].
filter(s=>s in i).map(s=>[s,i[s]*t]))}function Fs(i,t){let[e,s]=[w(i),K[t]],n=s.width/e.width,o=s.height/e.height,r=a=>{
let h={x:a.x*n,y:a.y*o};if(a.kind!=="picture")return De({...a,...$(a,n),...h},s);let c=a.height<=e.height?s.height/a.height:
1/0,d=hn(a,e,s)??$(a,Math.min(n,c));return De({...a,...h,...d},s)};return{...i,aspect:t,objects:i.objects.map(r)}}function De(i,t){
i.kind==="picture"&&_r(i);for(let[o,r]of Object.entries(i.kind==="picture"?{}:Pr))i[o]!==void 0&&(i[o]=_s(i[o],wn,r));i.
angle=(i.angle+360)%360;let e=fn(i),s=G(e),n=(o,r,a)=>_s(o,Math.min(0,a-r),Math.max(a,r));return e.x=n(e.x,s.x,t.width),
e.y=n(e.y,s.y,t.height),e}function _r(i){let[t,e]=[i.width,i.height].sort((n,o)=>n-o),s=Math.min(Math.max(1,wn/t),Nr/e);
s!==1&&Object.assign(i,$(i,s))}var _s=(i,t,e)=>Math.min(Math.max(i,t),e);function S(i){if(i.length<2)return i[0];let{left:t,top:e,right:s,bottom:n}=Bs(i);return{kind:"group",...{x:(t+s)/2,y:(e+
n)/2},width:s-t,height:n-e,angle:0}}function vn(i,{left:t,top:e,right:s,bottom:n}){return i.filter(o=>{let r=Bs([o]);return r.
left<s&&r.right>t&&r.top<n&&r.bottom>e})}function It(i,t){let e=t.width/i.width;return s=>({...$(s,e),x:t.x+(s.x-i.x)*e,
y:t.y+(s.y-i.y)*e})}function bn(i,t,e){let s={left:0,top:0,right:t.width,bottom:t.height},{left:n,top:o,right:r,bottom:a}=i.
length>1?Bs(i):s;return h=>{let c=G(h);return{left:{x:n+c.x},centre:{x:(n+r)/2},right:{x:r-c.x},top:{y:o+c.y},middle:{y:(o+
a)/2},bottom:{y:a-c.y}}[e]}}function Bs(i){let t=i.map(e=>({...e,extent:G(e)}));return{left:Math.min(...t.map(({x:e,extent:s})=>e-
s.x)),top:Math.min(...t.map(({y:e,extent:s})=>e-s.y)),right:Math.max(...t.map(({x:e,extent:s})=>e+s.x)),bottom:Math.max(
...t.map(({y:e,extent:s})=>e+s.y))}}function Y([i,...t]){if(t.length)return`${t.length+1} objects`;let{kind:e,text:s,isSample:n}=i;return s?`Text \u201C${s.
trim().slice(0,40)}\u201D`:n?"Sample picture":e[0].toUpperCase()+e.slice(1)}function qs(i){let{x:t,y:e,width:s,height:n,
angle:o,cut:r}=S(i),a=[t-s/2,e-n/2,s,n,o],[h,c,d,u,f]=a.map(Math.round),m=((r&&Object.entries(r).filter(([,C])=>C>.005))??
[]).map(([C,bo])=>`, ${C} ${Math.round(bo*100)} % cropped`);return`At ${h}, ${c}, ${d} by ${u}, turned ${f} degrees${m.join(
"")}`}function xn({aspect:i,scene:t,selected:e}){let s=`Canvas ${i}, objects: ${t.objects.length}`;return e.length?`${s}\
. ${Y(e)} selected`:s}var Ur={White:["#ffffff"],Ash:["#8d889c"],Ink:["#0e0b16"],Coral:["#ff6b57"],Amber:["#ffb84d"],Lemon:["#ffe66b"],Mint:["#\
4be3b0"],Sky:["#55b8ff"],Violet:["#8b6cff"],Pink:["#ff5fb0"],Ember:["#ffe08a","#ff5a5f"],Neon:["#39e6ff","#7d5cff"],Orchid:[
"#8b6cff","#ff5fb0"],Aurora:["#5cffb1","#2f8bff"],Ice:["#ffffff","#9fc6ff"],Dusk:["#171226","#4b2f7d"]};function v(i,t,e,s){
return l("button",{...{type:"button",class:"icon-button",title:i,"aria-label":i},"aria-keyshortcuts":s,onclick:e},k(t))}
function lt(i,t){let e=l("div",{class:"canvas-buttons",role:"group","aria-label":i},t);return l("div",{class:"canvas-row\
 canvas-wide"},i,e)}function Mt(i,t,e,s={}){let o=l("div",{class:"canvas-panel",popover:"auto",role:"dialog","aria-label":i},
t),a=l("button",{...{type:"button",class:"button quiet canvas-opener","aria-haspopup":"dialog"},...s},e);return a.popoverTargetElement=
o,l("div",{},a,o)}var Ue=i=>({key:i,get:t=>t[i],patch:t=>({[i]:t})}),Fe=class{#t;#e;#s=[];constructor(t,e){this.#t=t,this.#e=
e}sync(t){for(let e of this.#s)e(t)}slider(t,e,s,n,o=""){let r=l("span",{"aria-hidden":"true"}),{get:a,...h}=typeof e=="\
string"?Ue(e):e,c=this.#i({type:"range",min:s,max:n},h,d=>d.valueAsNumber);return this.#s.push(d=>{c.value=a(d),r.textContent=
`${Math.round(a(d))}${o}`}),l("label",{class:"canvas-row"},t,c,r)}toggle(t,e){let s=this.#i({type:"checkbox",role:"switc\
h"},Ue(e),n=>n.checked);return this.#s.push(n=>{s.checked=n[e]}),l("label",{class:"canvas-row"},t,s)}amount(t,e,s,n){let o={
type:"number",class:"input","aria-label":t},r=({validity:h,valueAsNumber:c})=>h.valid?c:NaN,a=this.#i({...o,min:s,max:n,
required:!0},Ue(e),r);return this.#s.push(h=>{document.activeElement!==a&&(a.value=Math.round(h[e]))}),Sn(t,a)}choice(t,e,s){
let n=l("select",{class:"select canvas-choice","aria-label":t}),o;return n.onchange=()=>this.#t({[e]:o[n.selectedIndex][0]}),
this.#s.push(r=>{let a=s(r);a!==o&&n.replaceChildren(...a.map(([h,c])=>new Option(c,h))),o=a,n.selectedIndex=o.findIndex(
([h,,c=[h]])=>c.includes(r[e]))}),Sn(t,n)}palette(t,e,s={}){let n=Object.entries({...s,...Ur}).map(([h,c])=>{let f=l("bu\
tton",{...{type:"button",class:"canvas-swatch",title:h,"aria-label":h},onclick:()=>this.#t({[e]:c})});return En(f,c),this.#s.
push(b=>{f.ariaPressed=b[e].join()===c.join()}),f}),o={type:"color",class:"canvas-swatch","aria-label":"Custom colour"},
r=this.#i({...o,title:"Custom colour"},Ue(e),({value:h})=>[h]);return this.#s.push(h=>{r.value=h[e][0]??"#ffffff"}),l("d\
iv",{class:"canvas-palette",role:"group","aria-label":t},n,r)}panel(t,e,s){let n=s&&l("span",{class:"canvas-chip"});return s&&
this.#s.push(o=>En(n,o[s])),Mt(t,e,[n??null,t,k("chevron-down")])}#i(t,{key:e,patch:s},n){return l("input",{...t,oninput:({
target:r})=>{let a=n(r);Number.isNaN(a)||this.#t(s(a),e)},onchange:this.#e})}};function En(i,t){let[e="transparent",s=e]=t;
i.style.backgroundImage=`linear-gradient(135deg, ${e}, ${s})`}var Sn=(i,t)=>l("label",{class:"canvas-row canvas-wide"},i,
t);var Fr=[[300,"Light"],[400,"Regular"],[600,"Semibold"],[800,"Bold"],[900,"Black"]],Br=[400,800],qr="Rag",js=new Map;function kn(i){
return js.has(i)||js.set(i,jr(i)),js.get(i)}function jr(i){return[...Map.groupBy(Fr,([e])=>Wr(e,i)).values()].map(e=>{let[
s,n]=e.find(([o])=>Br.includes(o))??e[0];return[s,n,e.map(([o])=>o)]})}function Wr(i,t){let e=l("canvas",{width:120,height:60}),
s=e.getContext("2d");return s.font=`${i} 40px ${ct[t]}`,s.fillText(qr,4,44),e.toDataURL()}var On=1280,zr=[["left","Align left","align-left"],["centre","Align centres","align-centre"],["right","Align right","ali\
gn-right"],["top","Align top","align-top"],["middle","Align middles","align-middle"],["bottom","Align bottom","align-bot\
tom"]];function Tn(i){let t=e=>()=>i.place(s=>e(s,i.frame));return[Be("Fit","Show the whole picture",t(Lt)),Be("Fill","C\
over the canvas with the picture",t(V))]}function Ln(i,t){let e=(o,r)=>{let a={key:`cut-${r}`,get:({cut:h})=>h[r]*100,patch:h=>c=>$e(
c,{[r]:h/100})};return t.slider(o,a,0,95,"%")},s=({target:o})=>{o.closest(":popover-open").hidePopover(),i.startCrop()},
n=()=>i.place(o=>$e(o,Tt));return t.panel("Crop",[l("div",{class:"canvas-buttons"},Be("Crop by hand","Drag the picture a\
nd its edges on the canvas",s),Be("Show all of it","Remove the crop",n)),e("Left","left"),e("Right","right"),e("Top","to\
p"),e("Bottom","bottom")])}function Cn(i,t,e){let s=(c,d,u,f)=>v(c,d,()=>i.raise(u),f),n=[s("Bring to front","to-front",
1/0,"}"),s("Bring forward","up",1,"]"),s("Send backward","down",-1,"["),s("Send to back","to-back",-1/0,"{")],o=zr.map(([
c,d,u])=>v(d,u,()=>i.place(bn(i.selected,i.frame,c)))),r=c=>()=>i.place(d=>ln(d,c)),a=[v("Flip across","flip-x",r("x")),
v("Flip down","flip-y",r("y"))],h=[lt("Order",n),lt(e==="group"?"Align to each other":"Align to the canvas",o),e==="pict\
ure"?lt("Flip",a):Hr(t,e)];return t.panel("Arrange",h.flat())}function Hr(i,t){if(t==="group")return[];let e=i.slider(t===
"line"?"Length":"Width","width",4,On);return t!=="text"&&t!=="line"?[e,i.slider("Height","height",4,On)]:[e]}function Be(i,t,e){
return l("button",{type:"button",class:"button quiet canvas-opener",title:t,onclick:e},i)}var An={None:[]},Gr=Object.keys(ct).map(i=>[i,i[0].toUpperCase()+i.slice(1)]),Vr=[["left","Left"],["center","Centre"],["\
right","Right"]],qe=class{#t;#e;#s="";#i;#n=l("div",{class:"canvas-choices"});#o=l("div",{class:"canvas-acts"});node=l("\
div",{class:"canvas-inspector",role:"group","aria-label":"Selection"},this.#n,this.#o);constructor(t,e){this.#t=t,this.#e=
e}update(){let{scene:t,selected:e}=this.#t,s=e.length>1?"group":e[0]?.kind??"background";s!==this.#s&&this.#a(s),this.#i.
sync(e[0]??t)}focus(){this.node.querySelector("button, input").focus()}#a(t){let e=this.#t,s=t==="background",n=s?(o,r)=>e.
apply({...e.scene,...o},r):(o,r)=>e.change(o,r);this.#s=t,this.#i=new Fe(n,()=>e.endStep()),this.#n.replaceChildren(...s?
this.#u():this.#r(t)),this.#o.replaceChildren(...s?this.#f():this.#d())}#r(t){let e=this.#i;return[...({picture:()=>[...Tn(
this.#t),Ln(this.#t,e)],text:()=>[this.#h({}),this.#c()],line:()=>[this.#h({})],group:()=>[]}[t]??(()=>[this.#h(An)]))(),
e.panel("Style",this.#l(t)),Cn(this.#t,e,t)]}#h(t){return this.#i.panel("Fill",[this.#i.palette("Colour","fill",t)],"fil\
l")}#c(){return this.#i.panel("Font",[this.#i.choice("Family","font",()=>Gr),this.#i.choice("Weight","weight",({font:t})=>kn(
t)),this.#i.amount("Size","size",8,800),this.#i.choice("Alignment","align",()=>Vr)])}#l(t){let e=this.#i,s=e.slider("Opa\
city","opacity",5,100,"%");if(t==="group")return[s,e.toggle("Shadow","shadow")];let n=t==="rectangle"||t==="picture";return[
s,e.slider("Rotation","angle",0,359,"\xB0"),n&&e.slider("Corners","radius",0,200),t==="line"&&e.slider("Thickness","heig\
ht",1,80),e.toggle("Shadow","shadow"),e.slider("Outline","strokeWidth",0,40),e.palette("Outline colour","stroke")]}#d(){
return[v("Duplicate","copy-item",()=>this.#t.clipboard.duplicate(),"Control+D Meta+D"),v("Delete","trash",()=>this.#t.remove(),
"Delete")]}#u(){let t=this.#i.palette("Colour","backdrop",An);return[this.#i.panel("Background",[t],"backdrop"),l("p",{},
"Nothing selected")]}#f(){return[v("Add pictures","upload",this.#e)]}};var $n="Tab steps through the objects, Control A selects all, and the Layers button any of them. Arrows move, with Shift\
 by ten. Plus and minus resize, R rotates, Enter edits a text or crops a picture, S goes to the style, brackets change t\
he order. Control C, X, V and D copy, cut, paste and duplicate, Delete removes. Z and Shift Z zoom the view, 0 shows all\
 of the canvas; with nothing selected, the arrows move the view.",In={ArrowLeft:{x:-1,y:0},ArrowRight:{x:1,y:0},ArrowUp:{
x:0,y:-1},ArrowDown:{x:0,y:1}},Mn={"+":1.05,"=":1.05,"-":1/1.05},Pn=1.25,Nn=6;function Rn(i,t){let e={z:({shiftKey:s})=>s?
t.redo():t.undo(),y:()=>t.redo(),a:()=>t.select(t.scene.objects.map(({id:s})=>s))};document.addEventListener("keydown",s=>{
let n=s.key.toLowerCase();!kt(s,i)||!(s.ctrlKey||s.metaKey)||!e[n]||n==="a"&&!i.contains(s.target)||(s.preventDefault(),
e[n](s))})}var je=class{#t;#e;#s;constructor(t,e,s){this.#t=t,this.#e=e,this.#s=s;let{node:n}=e;n.addEventListener("keyd\
own",o=>{o.target===n&&this.#i(o)&&o.preventDefault()}),n.addEventListener("keyup",({target:o,key:r})=>{r===" "&&(s.holdsSpace=
!1),o===n&&t.endStep()}),n.addEventListener("blur",()=>{s.holdsSpace=!1})}#i({key:t,shiftKey:e,altKey:s,ctrlKey:n,metaKey:o}){
if(t==="Tab")return this.#a(e?-1:1);if(t==="Escape")return this.#r();if(s)return!1;let r=n||o?`Control ${t}`:t,{selected:a}=this.#t;
if(In[r])return this.#h(a,In[r],e?10:1);if(Mn[r]&&a.length)return this.#c(a,Mn[r]);let h={...this.#n(),...a.length&&this.#o(
a)}[r];return h?.(),!!h}#n(){return{s:()=>this.#t.focusStyle(),z:()=>this.#e.zoomBy(Pn),Z:()=>this.#e.zoomBy(1/Pn),0:()=>this.#e.
showAll()," ":()=>{this.#s.holdsSpace=!0}}}#o(t){let e=this.#t,s=()=>e.remove(),n=o=>()=>e.change(({angle:r})=>({angle:r+
o}),"turn");return{Delete:s,Backspace:s,Enter:()=>e.isCropping?e.endCrop():e.openSelected(),...t.length===1&&{r:n(15),R:n(
-15)},"]":()=>e.raise(1),"[":()=>e.raise(-1),"}":()=>e.raise(1/0),"{":()=>e.raise(-1/0),"Control d":()=>e.clipboard.duplicate()}}#a(t){
let{scene:e,selection:s}=this.#t,n=e.objects.map(({id:a})=>a),o=s.length===0&&t<0?n.length:n.indexOf(s.at(-1)),r=n[o+t];
return r!==void 0&&this.#t.select([r]),r!==void 0}#r(){return this.#s.cancel()||this.#t.endCrop()||this.#t.select([]),!0}#h(t,{
x:e,y:s},n){let o={x:e*n,y:s*n},r=this.#t;return t.length===0?this.#e.panBy({x:-o.x*Nn,y:-o.y*Nn}):r.isCropping?r.change(
a=>Re(a,o),"nudge"):r.change(a=>({x:a.x+o.x,y:a.y+o.y}),"nudge"),!0}#c(t,e){let s=S(t);return this.#t.change(It(s,{...s,
...$(s,e)}),"grow"),!0}};var Kr=[[-1,-1],[1,-1],[1,1],[-1,1],[0,-1],[1,0],[0,1],[-1,0]],Dn=56,Jr=26,Yr=10,We={mouse:14,touch:22,onSmall:7};function Ws(i,t){
let{kind:e,width:s,height:n}=i,o=([a,h])=>e==="line"?!h:e==="text"?a&&(h||n*t.scale>=2*We.mouse):e==="group"?a&&h:a&&h||
(a?n:s)*t.scale>=Dn,r=Kr.filter(o).map(([a,h])=>({across:a,down:h,...L(i,{x:a*s/2,y:h*n/2})}));return e==="group"?r:[Zr(
i,t),...r]}function Zr(i,{scale:t,visible:e}){let s=i.height/2,n=Jr/t,o=[-s-n,s+n,-s+n,s-n].map(c=>L(i,{x:0,y:c})),r=Yr/
t,a=(c,d,u)=>c>d+r&&c<u-r,h=({x:c,y:d})=>a(c,e.left,e.right)&&a(d,e.top,e.bottom);return{rotates:!0,...o.find(h)??o[0]}}
function _n(i,t,e,s){let{x:n,y:o}=tt(i,t),r=Math.abs(n)<i.width/2&&Math.abs(o)<i.height/2,a=Math.min(i.width,i.height)*e.
scale<Dn,h=r&&a?We.onSmall:We[s]??We.mouse,c=u=>Math.hypot(u.x-t.x,u.y-t.y)*e.scale,[d]=Ws(i,e).sort((u,f)=>c(u)-c(f));return c(
d)<=h?d:void 0}function Un(i,{across:t,down:e},s,n){let o=tt(i,s),r={x:-t*i.width/2,y:-e*i.height/2},a=t?Math.max(4,(o.x-
r.x)*t):i.width,h=e?Math.max(4,(o.y-r.y)*e):i.height,c=t&&e&&Xr(i,n)?$(i,Math.max(a/i.width,h/i.height)):{width:a,height:h},
d=r.x+t*c.width/2,u=r.y+e*c.height/2;return{...c,...L(i,{x:d,y:u})}}function Xr({kind:i},t){return["text","picture","gro\
up"].includes(i)?!0:t!==(i!=="rectangle")}function Fn(i,t,e,s){let n=({x:h,y:c})=>Math.atan2(h-i.x,i.y-c)*180/Math.PI,o=i.
angle+n(e)-n(t),r=s?15:90,a=Math.round(o/r)*r;return{angle:s||Math.abs(o-a)<3?a:Math.round(o)}}var ze="drag";function Bn(i,t,e){let{scene:s,selection:n,selected:o}=i,r=S(o),a=s.objects.filter(({id:c})=>!n.includes(c)),
h=({x:c,y:d})=>i.apply(R(s,n,u=>({x:u.x+c-r.x,y:u.y+d-r.y})),ze);return(c,{altKey:d})=>{let u={x:r.x+c.x-e.x,y:r.y+c.y-e.
y};if(d)return h(u);let{place:f,guides:b}=nn({...r,...u},a,w(s),t.scale);return i.guide(b),h(f)}}function qn(i,t){let{scene:e,
selection:s,selected:n,isCropping:o}=i,r=S(n),a=c=>i.apply(R(e,s,c),ze),h=!t.across||!t.down;return t.rotates?(c,{shiftKey:d})=>a(
Fn(r,t,c,d)):r.kind==="picture"&&(o||h)?c=>a(cn(r,t,c)):(c,{shiftKey:d})=>{let u=Un(r,t,c,d);return a(r.kind==="group"?It(
r,u):u)}}function jn(i,t){let{scene:e,selection:s}=i;return({x:n,y:o})=>{let r={x:n-t.x,y:o-t.y};i.apply(R(e,s,a=>Re(a,r)),
ze)}}function Wn(i,t,e){let s=e?i.selection:[];return({x:n,y:o})=>{let[r,a]=[Math.min(t.x,n),Math.max(t.x,n)],[h,c]=[Math.
min(t.y,o),Math.max(t.y,o)],d=vn(i.scene.objects,{left:r,top:h,right:a,bottom:c});i.selectQuietly([...new Set([...s,...d.
map(({id:u})=>u)])]),i.guide([],{left:r,top:h,right:a,bottom:c})}}function zn(i){let{scene:t,selection:e,selected:s}=i,n=S(
s);return(o,r,a)=>{let c={...{x:a.x+(n.x-r.x)*o,y:a.y+(n.y-r.y)*o},width:n.width*o};i.apply(R(t,e,It(n,c)),ze)}}var Hn={mouse:24,touch:44},Qr=document.createElement("canvas").getContext("2d"),ta={rectangle:zs,line:zs,ellipse:(i,{width:t,
height:e})=>i.ellipse(0,0,t/2,e/2,0,0,2*Math.PI),star:ra,picture:zs};function He(i,t){let e=w(t);i.fillStyle=Hs(i,t.backdrop,
e.width,e.height,0),i.fillRect(0,0,e.width,e.height);for(let s of t.objects)Pt(i,s)}function Ge(i,t,e,s){let{x:n,y:o}=tt(
i,t),r=(Hn[s]??Hn.mouse)/2/e,[a,h]=[i.width/2,i.height/2];if(Math.abs(n)>Math.max(a,r)||Math.abs(o)>Math.max(h,r))return!1;
let c=Math.min(a,h)<2*r;return i.kind==="text"||c||Qr.isPointInPath(Ve(i),n,o)}function Pt(i,t,e=1){i.save(),i.translate(
t.x,t.y),i.rotate(t.angle*Math.PI/180),i.globalAlpha=t.opacity/100*e,i.lineJoin="round",i.lineWidth=t.strokeWidth,i.strokeStyle=
Hs(i,t.stroke,t.width,t.height),t.shadow&&oa(i,t),t.kind==="picture"?ea(i,t):(i.fillStyle=Hs(i,t.fill,t.width,t.height),
t.kind==="text"?na(i,t):ia(i,t)),i.restore()}function ea(i,t){let{bitmap:e}=t.source;e&&(t.radius?sa(i,t,()=>Gn(i,t,e)):
Gn(i,t,e),i.shadowColor="transparent",t.strokeWidth>0&&i.stroke(Ve(t)))}function Gn(i,{width:t,height:e,cut:s,flipX:n,flipY:o},r){
let a=n?s.right:s.left,h=o?s.bottom:s.top,c=r.width*(1-s.left-s.right),d=r.height*(1-s.top-s.bottom),u=[r.width*a,r.height*
h];i.save(),i.scale(n?-1:1,o?-1:1),i.imageSmoothingQuality="high",i.drawImage(r,...u,c,d,-t/2,-e/2,t,e),i.restore()}function sa(i,t,e){
let s=Ve(t);t.shadow&&i.fill(s),i.save(),i.shadowColor="transparent",i.clip(s),e(),i.restore()}function ia(i,t){let e=Ve(
t);t.fill.length&&(i.fill(e),i.shadowColor="transparent"),t.strokeWidth>0&&i.stroke(e)}function na(i,t){t.strokeWidth>0&&
(i.lineWidth=2*t.strokeWidth,Ds(i,t,(e,s,n)=>i.strokeText(e,s,n)),i.shadowColor="transparent"),Ds(i,t,(e,s,n)=>i.fillText(
e,s,n))}function oa(i,t){let{a:e,b:s}=i.getTransform(),n=Math.hypot(e,s),o=Math.max(8,(t.size??Math.min(t.width,t.height))*
.2);i.shadowColor="rgb(5 2 16 / 55%)",i.shadowBlur=o*n,i.shadowOffsetY=o*.25*n}function Hs(i,t,e,s,n=.5){if(t.length<2)return t[0]??
"transparent";let[o,r]=[-e*n,-s*n],a=i.createLinearGradient(o,r,o+e,r+s);return t.forEach((h,c)=>a.addColorStop(c/(t.length-
1),h)),a}function Ve(i){let t=new Path2D;return ta[i.kind](t,i),t}function zs(i,{width:t,height:e,radius:s=e/2}){i.roundRect(
-t/2,-e/2,t,e,Math.min(s,t/2,e/2))}function ra(i,{width:t,height:e}){for(let s=0;s<10;s+=1){let n=s%2?.21:.5,o=s*Math.PI/
5;i.lineTo(Math.sin(o)*n*t,-Math.cos(o)*n*e)}i.closePath()}var aa=4,ha=.5,Ke=class{#t;#e;#s=null;holdsSpace=!1;constructor(t,e){this.#t=t,this.#e=e;let{node:s}=e;s.addEventListener(
"pointerdown",n=>this.#i(n)),s.addEventListener("pointermove",n=>this.#n(n)),s.addEventListener("pointerup",n=>this.#o(n)),
s.addEventListener("pointercancel",()=>this.cancel()),s.addEventListener("dblclick",({target:n})=>n.matches("textarea")||
t.openSelected()),s.addEventListener("touchstart",n=>this.#r(n),{passive:!1})}cancel(){let t=this.#s;return t?.moved&&this.#t.
cancelStep(),this.#a(),t!==null}#i(t){let{button:e,pointerType:s,pointerId:n,clientX:o,clientY:r,target:a,shiftKey:h}=t;
if(e>1||this.#s||a.matches("textarea"))return;let c=this.#e.locate(t),d={pointerId:n,clientX:o,clientY:r,moved:!1},u=e===
1||this.holdsSpace,f=u?{update:this.#d()}:this.#h(c,s,h);this.#s={...d,...f},!f.scrolls&&(u&&t.preventDefault(),this.#e.
node.setPointerCapture(n),this.#e.node.focus({preventScroll:!0,focusVisible:!1}))}#n(t){let e=this.#s;e||this.#f(t),!(!e?.
update||e.pointerId!==t.pointerId)&&(e.moved||=Math.hypot(t.clientX-e.clientX,t.clientY-e.clientY)>aa,e.moved&&e.update(
this.#e.locate(t),t))}#o({pointerId:t}){let e=this.#s;e?.pointerId===t&&(this.#a(),e.moved?this.#t.endStep():e.click?.())}#a(){
this.#s=null,this.#t.guide([])}#r(t){if(t.target.matches("textarea"))return;let e=this.#e.locate(t.touches[0]);(t.touches.
length>1||!this.#u(this.#w(e,"touch"),e,"touch"))&&t.preventDefault()}#h(t,e,s){let n=this.#t,o=this.#g(t,e);if(o)return{
update:qn(n,o)};let r=this.#w(t,e);return n.isCropping&&n.selected[0]!==r&&n.endCrop(),n.isCropping?{update:jn(n,t)}:this.#u(
r,t,e)?{scrolls:!0,click:()=>n.select(r?[r.id]:[])}:r?this.#c(r,t,s):this.#l(t,e,s)}#c({id:t},e,s){let n=this.#t,o=n.selection;
if(s){let h=o.filter(c=>c!==t);if(n.select(o.includes(t)?h:[...o,t]),o.includes(t))return{}}else o.includes(t)||n.select(
[t]);let r=o.length===1&&o[0]===t,a=()=>r?n.editText():!s&&n.select([t]);return{update:Bn(n,this.#e.view,e),click:a}}#l(t,e,s){
let n=this.#t;return s||n.select([]),e==="touch"?{update:this.#d()}:{update:Wn(n,t,s)}}#d(){let t=null;return(e,{clientX:s,
clientY:n})=>{t&&this.#e.panBy({x:s-t.x,y:n-t.y}),t={x:s,y:n}}}#u(t,e,s){if(s!=="touch"||this.#g(e,s))return!1;if(!t)return this.#e.
view.isWhole;let{scene:n,selection:o}=this.#t,r=w(n);return t.width*t.height/(r.width*r.height)>ha&&!o.includes(t.id)}#f(t){
let e=this.#e.locate(t),s=this.#g(e,t.pointerType),n=this.#w(e,t.pointerType)?"move":"",o=s?s.rotates?"grab":"crosshair":
n;this.#e.node.style.cursor=this.holdsSpace?"grab":o}#g(t,e){let s=S(this.#t.selected);return s&&_n(s,t,this.#e.view,e)}#w(t,e){
let{scene:s}=this.#t;return s.objects.findLast(n=>Ge(n,t,this.#e.view.scale,e))}};var Je=class{#t;#e=null;#s;#i=l("span");#n=l("button",{type:"button",class:"button",onclick:()=>this.#a()});#o=l("button",
{type:"button",class:"button quiet",onclick:()=>this.#r()});node=l("div",{class:"canvas-offer",role:"group","aria-label":"\
Ratio of the picture",hidden:!0},this.#i,this.#n,this.#o);constructor(t){this.#t=t}make(){let{selected:t,aspect:e}=this.#t,
{source:s}=t[0],n=At(s,[e,...this.#t.wantedAspects]);if(n===e)return;[this.#e]=t,this.#s=n;let o=At(s),r=n===o?"":", whi\
ch this template does not make";this.#i.textContent=`This picture is about ${o}${r}.`,this.#n.textContent=`Set the canva\
s to ${n}`,this.#o.textContent=`Keep ${e}`,this.update(),this.#t.announce(`Picture placed. ${this.#i.textContent} The ca\
nvas can have ${n}`)}update(){let{selected:t}=this.#t;(t.length!==1||t[0]!==this.#e)&&(this.#e=null),this.node.hidden=!this.#e}#a(){
this.#t.cover(this.#e,this.#s),this.#r()}#r(){this.#e=null,this.update(),this.#t.focus()}};var Jn=.3,ca=matchMedia("(pointer: coarse)").matches?8:5.5,la=[1/3,2/3];function Yn(i,t,{scene:e,selected:s,isCropping:n}){
let o=w(e),{left:r,top:a}=t.paper;i.translate(r,a),i.scale(t.scale,t.scale),i.save(),Vn(i,o,t.visible,!1),He(i,e),i.restore(),
i.save(),Vn(i,o,t.visible,!0);for(let h of s)Pt(i,h,Jn);i.restore(),n&&s[0]&&da(i,s[0])}function Vn(i,{width:t,height:e},{
left:s,top:n,right:o,bottom:r},a){i.beginPath(),i.rect(0,0,t,e),a&&i.rect(s,n,o-s,r-n),i.clip("evenodd")}function da(i,t){
Pt(i,{...Ct(t),shadow:!1,strokeWidth:0,radius:0},Jn),Pt(i,t)}function Zn(i,t,{scene:e,selected:s,isCropping:n,guides:o,marquee:r}){
let{color:a,caretColor:h}=getComputedStyle(i.canvas);if(i.strokeStyle=h,ua(i,t,w(e),o),i.strokeStyle=a,r&&fa(i,t,r),s.length===
0)return;if(s.length>1)for(let d of s)Kn(i,t,d);let c=S(s);n&&pa(i,t,c),Kn(i,t,c),ma(i,t,c)}function ua(i,t,e,s){for(let{
axis:n,at:o}of s){let r=t.toStage(n==="x"?{x:o,y:0}:{x:0,y:o}),a=t.toStage(n==="x"?{x:o,y:e.height}:{x:e.width,y:o});Gs(
i,r,a)}}function fa(i,t,{left:e,top:s,right:n,bottom:o}){let r=t.toStage({x:e,y:s}),[a,h]=[(n-e)*t.scale,(o-s)*t.scale];
i.fillStyle=i.strokeStyle,i.globalAlpha=.15,i.fillRect(r.x,r.y,a,h),i.globalAlpha=1,i.strokeRect(r.x,r.y,a,h)}function Kn(i,t,e){
let s=t.toStage(L(e,{x:-e.width/2,y:-e.height/2}));i.save(),i.translate(s.x,s.y),i.rotate(e.angle*Math.PI/180),i.lineWidth=
1.5,i.strokeRect(0,0,e.width*t.scale,e.height*t.scale),i.restore()}function pa(i,t,e){let s=(n,o)=>t.toStage(L(e,{x:(n-.5)*
e.width,y:(o-.5)*e.height}));i.save(),i.globalAlpha=.6;for(let n of la)Gs(i,s(n,0),s(n,1)),Gs(i,s(0,n),s(1,n));i.restore()}
function ma(i,t,e){i.shadowColor="rgb(0 0 0 / 50%)",i.shadowBlur=4;for(let{x:s,y:n,rotates:o}of Ws(e,t)){let r=t.toStage(
{x:s,y:n});i.fillStyle=o?i.strokeStyle:"#fff",i.beginPath(),i.arc(r.x,r.y,ca,0,2*Math.PI),i.fill(),i.stroke()}}function Gs(i,t,e){
i.beginPath(),i.moveTo(t.x,t.y),i.lineTo(e.x,e.y),i.stroke()}var Ye=class{#t={width:0,height:0};#e={x:0,y:0};#s={width:1,height:1};#i={x:.5,y:.5};zoom=1;measure(t,e,s){this.#t=t,this.#e=
e,s!==this.#s&&this.reset(),this.#s=s}get isWhole(){return this.zoom===1&&this.#i.x===.5&&this.#i.y===.5}get scale(){let{
width:t,height:e}=this.#t,s=Math.min((t-2*this.#e.x)/this.#s.width,(e-2*this.#e.y)/this.#s.height);return Math.max(s,.01)*
this.zoom}get paper(){let{scale:t}=this,[e,s]=[this.#s.width*t,this.#s.height*t],n=this.#t.width/2-this.#i.x*e,o=this.#t.
height/2-this.#i.y*s;return{left:n,top:o,width:e,height:s}}get visible(){let t=this.toFrame({x:0,y:0}),e=this.toFrame({x:this.#t.
width,y:this.#t.height});return{left:t.x,top:t.y,right:e.x,bottom:e.y}}toFrame({x:t,y:e}){let{left:s,top:n}=this.paper;return{
x:(t-s)/this.scale,y:(e-n)/this.scale}}toStage({x:t,y:e}){let{left:s,top:n}=this.paper;return{x:s+t*this.scale,y:n+e*this.
scale}}reset(){this.zoom=1,this.#i={x:.5,y:.5}}zoomBy(t,e={x:this.#t.width/2,y:this.#t.height/2}){let s=this.toFrame(e);
this.zoom=Math.min(Math.max(this.zoom*t,.25),8),Math.abs(this.zoom-1)<.02&&(this.zoom=1);let n=this.toStage(s);this.panBy(
{x:e.x-n.x,y:e.y-n.y})}panBy({x:t,y:e}){let{width:s,height:n}=this.paper,o=r=>Math.min(Math.max(r,0),1);this.#i={x:o(this.#i.
x-t/s),y:o(this.#i.y-e/n)}}};var Ze=class{#t=l("canvas",{class:"canvas-layer"});#e=l("canvas",{class:"canvas-layer canvas-overlay"});#s=l("div",{class:"\
canvas-paper"});#i=null;#n=0;#o;view=new Ye;node=l("div",{class:"canvas-stage",tabindex:0,role:"application","aria-roled\
escription":"canvas"},this.#s,this.#t,this.#e);constructor(t){this.#o=t,new ResizeObserver(t).observe(this.node)}show(t){
this.#i=t;let e=w(t.scene);this.node.style.setProperty("--canvas-ratio",e.width/e.height),this.#a(e),this.#n||=requestAnimationFrame(
()=>this.#r())}pointOf({clientX:t,clientY:e}){let{left:s,top:n}=this.node.getBoundingClientRect();return{x:t-s,y:e-n}}locate(t){
return this.view.toFrame(this.pointOf(t))}zoomBy(t,e){this.view.zoomBy(t,e),this.#o()}panBy(t){this.view.panBy(t),this.#o()}showAll(){
this.view.reset(),this.#o()}#a(t){let{clientWidth:e,clientHeight:s}=this.node,{paddingLeft:n,paddingTop:o}=getComputedStyle(
this.node);this.view.measure({width:e,height:s},{x:parseFloat(n),y:parseFloat(o)},t);let{left:r,top:a,...h}=this.view.paper;
Object.assign(this.#s.style,{translate:`${r}px ${a}px`,width:`${h.width}px`,height:`${h.height}px`}),this.node.classList.
toggle("canvas-zoomed",!this.view.isWhole)}#r(){this.#n=0,this.node.clientWidth&&(Yn(Xn(this.#t),this.view,this.#i),Zn(Xn(
this.#e),this.view,this.#i))}};function Xn(i){let t=window.devicePixelRatio;i.width=Math.round(i.clientWidth*t),i.height=
Math.round(i.clientHeight*t);let e=i.getContext("2d");return e.scale(t,t),e}var Xe=class{#t;#e;#s=null;constructor(t,e){this.#t=t,this.#e=e}get isOpen(){return this.#s!==null}open(){let t=()=>this.#t.
change({text:this.#s.value},"typing"),e={class:"canvas-text",maxlength:500,spellcheck:"false",dir:"auto"},s=o=>this.#i(o),
n={"aria-label":"Text"};this.#s=l("textarea",{...e,...n,oninput:t,onkeydown:s,onblur:()=>this.close()}),this.#s.value=this.#t.
selected[0].text,this.#e.node.append(this.#s),this.#s.focus({preventScroll:!0}),this.#s.select()}place({x:t,y:e,width:s,
height:n,...o}){let{view:r}=this.#e,{scale:a}=r,h=r.toStage({x:t-s/2,y:e-n/2});Object.assign(this.#s.style,pn(o,a),{left:`${h.
x}px`,top:`${h.y}px`,width:`${s*a}px`,height:`${n*a}px`,rotate:`${o.angle}deg`})}close(){let t=this.#s;if(!t)return;let e=document.
activeElement===t;this.drop(),this.#t.finishText(t.value),e&&this.#e.node.focus({preventScroll:!0})}drop(){let t=this.#s;
this.#s=null,t?.remove()}#i(t){t.stopPropagation(),(t.key==="Escape"||t.key==="Enter"&&(t.ctrlKey||t.metaKey))&&(t.preventDefault(),
this.close())}};var Qe=class{#t;#e=l("ul",{class:"canvas-layers"});#s="";node=Mt("Layers",[this.#e],k("layers"),{class:"icon-button",title:"\
Layers","aria-label":"Layers"});constructor(t){this.#t=t}update(){let{scene:t,selection:e}=this.#t,s=t.objects.toReversed(),
n=JSON.stringify(s.map(o=>[o.id,Y([o])]));n!==this.#s&&this.#e.replaceChildren(...this.#i(s)),this.#s=n;for(let o of this.#e.
querySelectorAll("input"))o.checked=e.includes(+o.value)}#i(t){return t.length===0?[l("li",{},"The canvas is empty")]:t.
map(e=>{let s=l("input",{type:"checkbox",value:e.id,onchange:()=>this.#n()});return l("li",{},l("label",{class:"canvas-l\
ayer-name"},s,Y([e])))})}#n(){let t=[...this.#e.querySelectorAll("input:checked")];this.#t.select(t.map(({value:e})=>+e))}};var Qn=1.25,ts=class{#t;#e;#s;#i;#n;#o;#a;constructor(t,e,s){this.#t=t,this.#e=e,this.#s=v("Undo","undo",()=>t.undo(),"C\
ontrol+Z Meta+Z"),this.#i=v("Redo","redo",()=>t.redo(),"Control+Shift+Z Meta+Shift+Z"),this.#n=new Qe(t),this.#a=t.aspects.
map(h=>this.#l(h));let n=this.#a.map(h=>h.parentElement),o={class:"canvas-tools",role:"toolbar","aria-label":"Canvas too\
ls"},r={class:"canvas-tools",role:"group","aria-label":"History and view"},a={class:"canvas-tools canvas-ratios",role:"r\
adiogroup","aria-label":"Aspect ratio"};this.node=l("div",{class:"canvas-bar"},wa(l("div",o,this.#r(),this.#h(s))),l("di\
v",r,this.#s,this.#i,this.#n.node,this.#c()),l("div",a,n))}update(){this.#s.ariaDisabled=!this.#t.canUndo,this.#i.ariaDisabled=
!this.#t.canRedo,this.#o.textContent=`${Math.round(this.#e.view.zoom*100)} %`,this.#n.update();for(let t of this.#a){let e=t.
value===this.#t.aspect;e&&!t.checked&&ga(t.parentElement),t.checked=e}}#r(){let t=(e,s)=>v(`Add ${e}`,s,()=>this.#t.add(
e));return[t("text","text"),t("rectangle","square"),t("ellipse","circle"),t("line","line"),t("star","star"),l("i",{class:"\
canvas-rule"})]}#h(t){return[v("Upload a picture","upload",t),v("Use the sample picture","image",()=>this.#t.useSample())]}#c(){
let t=this.#e,e={type:"button",class:"button quiet canvas-opener",title:"Show the whole canvas"};this.#o=l("button",{...e,
onclick:()=>t.showAll()});let s=[v("Zoom out","minus",()=>t.zoomBy(1/Qn),"Shift+Z"),this.#o,v("Zoom in","plus",()=>t.zoomBy(
Qn),"Z")],n={class:"icon-button",title:"View","aria-label":"View"};return Mt("View",[lt("Zoom",s)],k("zoom"),n)}#l(t){let s=l(
"input",{type:"radio",name:"canvas-aspect",value:t,onchange:()=>{this.#t.aspect=t}}),n=l("i",{class:"canvas-ratio",data:{
ratio:t}});return l("label",{class:"canvas-aspect"},s,n,t),s}};function ga(i){let t=i.parentElement;t.scrollLeft+=to(i)-
to(t)}function to(i){let{left:t,width:e}=i.getBoundingClientRect();return t+e/2}function wa(i){let t=[...i.querySelectorAll(
"button")],e=s=>t.forEach(n=>n.tabIndex=n===s?0:-1);return e(t[0]),i.addEventListener("focusin",({target:s})=>e(s)),i.addEventListener(
"keydown",({target:s,key:n})=>{let o={ArrowRight:1,ArrowLeft:-1}[n];o&&t.at((t.indexOf(s)+o)%t.length).focus()}),i}var ya=.0022,es=class{#t;#e;#s;#i=new Map;#n=null;constructor(t,e,s){this.#t=t,this.#e=e,this.#s=s;let{node:n}=e;n.addEventListener(
"wheel",o=>this.#o(o),{passive:!1}),n.addEventListener("pointerdown",o=>this.#a(o),!0),n.addEventListener("pointermove",
o=>this.#r(o),!0);for(let o of["pointerup","pointercancel"])n.addEventListener(o,r=>this.#h(r),!0)}#o(t){let{ctrlKey:e,metaKey:s,
deltaX:n,deltaY:o,shiftKey:r}=t,a=e||s;!a&&this.#e.view.isWhole||(t.preventDefault(),a?this.#e.zoomBy(Math.exp(-o*ya),this.#e.
pointOf(t)):this.#e.panBy(r?{x:-o,y:0}:{x:-n,y:-o}))}#a(t){t.pointerType==="touch"&&(this.#i.set(t.pointerId,this.#e.pointOf(
t)),this.#i.size===2&&(t.stopPropagation(),this.#s.cancel(),this.#n=this.#c()))}#r(t){this.#i.has(t.pointerId)&&(this.#i.
set(t.pointerId,this.#e.pointOf(t)),this.#n&&(t.stopPropagation(),this.#n(this.#l())))}#h(t){!this.#i.delete(t.pointerId)||
!this.#n||(t.stopPropagation(),this.#n=null,this.#t.endStep())}#c(){let{view:t}=this.#e,e=this.#l(),s=t.toFrame(e.middle);
if(S(this.#t.selected)&&va(this.#t.selected,s,t.scale)){let r=zn(this.#t);return({middle:a,length:h})=>r(h/e.length,s,t.
toFrame(a))}let o=e;return r=>{let a={x:r.middle.x-o.middle.x,y:r.middle.y-o.middle.y};this.#e.panBy(a),this.#e.zoomBy(r.
length/o.length,r.middle),o=r}}#l(){let[t,e]=[...this.#i.values()];return{middle:{x:(t.x+e.x)/2,y:(t.y+e.y)/2},length:Math.
max(1,Math.hypot(t.x-e.x,t.y-e.y))}}},va=(i,t,e)=>i.some(s=>Ge(s,t,e,"touch"));var ss=class{#t;#e=new Ze(()=>this.show());#s;#i;#n;#o;#a=l("p",{class:"unseen",role:"status"});#r=l("p",{class:"canvas-\
note"},"Drop or paste a picture, or add a text");constructor(t,e){this.#t=e;let s=Qi(t,e);this.#s=new Xe(e,this.#e),this.#i=
new ts(e,this.#e,s),this.#n=new qe(e,s),this.#o=new Je(e);let n=new Ke(e,this.#e);new es(e,this.#e,n),new je(e,this.#e,n),
Rn(t,e),e.clipboard.listen(t),this.#h(t)}show(){let{scene:t,selected:e,isCropping:s,guides:n,marquee:o}=this.#t;e[0]?.kind!==
"text"&&this.#s.drop();let r={scene:t,isCropping:s,guides:n,marquee:o};this.#e.show({...r,selected:this.#s.isOpen?[]:e}),
this.#e.node.ariaLabel=xn(this.#t),this.#r.hidden=!this.#t.isEmpty,this.#s.isOpen&&this.#s.place(e[0]),this.#i.update(),
this.#n.update(),this.#o.update()}openText(){this.#s.open(),this.show()}closeText(){this.#s.close()}focus(){this.#e.node.
focus({preventScroll:!0})}focusStyle(){this.#n.focus()}offerRatio(){this.#o.make()}announce(t){this.#a.textContent=t}#h(t){
let e=this.#e.node,s=l("p",{id:"canvas-help",hidden:!0},$n);e.setAttribute("aria-describedby",s.id),e.append(this.#r,l("\
p",{class:"canvas-note canvas-landing"},"Drop the picture"));for(let n of[this.#i.node,this.#n.node])n.addEventListener(
"focusin",ba);for(let n of[this.#n.node,this.#o.node])n.addEventListener("keydown",({key:o,currentTarget:r})=>{o==="Esca\
pe"&&!r.querySelector(":popover-open")&&this.focus()});t.classList.add("canvas-editor"),t.append(this.#i.node,l("div",{class:"\
canvas-middle"},e,this.#o.node),this.#n.node,this.#a,s)}};function ba({target:i}){i.matches(":focus-visible")&&i.scrollIntoView(
{block:"nearest",inline:"nearest"})}var Nt=class{#t=[];#e=[];#s;constructor(t){this.present=t}get canUndo(){return this.#t.length>0}get canRedo(){return this.#e.
length>0}put(t,e){(!e||e!==this.#s)&&(this.#t=[...this.#t,this.present].slice(-100)),this.present=t,this.#e=[],this.#s=e}endStep(){
let t=!!this.#s;return this.#s=void 0,t}undo(){this.endStep(),this.#e.push(this.present),this.present=this.#t.pop()}cancelStep(){
!this.#s||!this.canUndo||(this.undo(),this.#e.pop())}redo(){this.endStep(),this.#t.push(this.present),this.present=this.#e.
pop()}};var is=class extends EventTarget{#t;#e;selection=[];isCropping=!1;guides=[];marquee=null;constructor(t,e,s){super(),this.#t=
new Nt(e),this.clipboard=new Pe(this,s),this.#e=new ss(t,this)}get scene(){return this.#t.present}get isEmpty(){return this.
scene.objects.length===0}get canUndo(){return this.#t.canUndo}get canRedo(){return this.#t.canRedo}undo(){this.canUndo&&
(this.#t.undo(),this.changed(),this.announce("Undone"))}redo(){this.canRedo&&(this.#t.redo(),this.changed(),this.announce(
"Redone"))}get frame(){return w(this.scene)}get selected(){return this.scene.objects.filter(({id:t})=>this.selection.includes(
t))}select(t){t.join()!==this.selection.join()&&(this.selectQuietly(t),this.announce(t.length?`${Y(this.selected)} selec\
ted`:"Nothing selected"))}selectQuietly(t){this.#e.closeText(),this.isCropping=!1,this.selection=t,this.#e.show()}open(t){
this.#t=new Nt(t),this.selection=[],this.#e.show()}selectPlaced(t){this.selectQuietly([t]),this.focus()}apply(t,e){this.#t.
put(t,e),this.changed()}change(t,e){this.apply(R(this.scene,this.selection,t),e)}place(t){this.change(t),this.announce(qs(
this.selected))}endStep(){this.#t.endStep()&&this.selection.length&&this.announce(qs(this.selected))}cancelStep(){this.#t.
cancelStep(),this.changed()}guide(t,e=null){Object.assign(this,{guides:t,marquee:e}),this.#e.show()}add(t,e){this.addAll(
[{kind:t,look:e}]),e||this.editText()}addAll(t){let e=this.scene.objects.length;this.apply(t.reduce((s,{kind:n,look:o})=>J(
s,n,o),this.scene)),this.selectQuietly(this.scene.objects.slice(e).map(({id:s})=>s)),this.focus(),this.announce(`${Y(this.
selected)} added`)}remove(){let{scene:t,selection:e,selected:s}=this,n=t.objects.filter(({id:o})=>!e.includes(o));this.apply(
{...t,objects:n}),this.focus(),this.announce(`${Y(s)} deleted`)}raise(t){this.apply(_e(this.scene,this.selection,t));let{
objects:e}=this.scene;this.announce(`Layer ${e.indexOf(this.selected.at(-1))+1} of ${e.length}`)}openSelected(){let[t,...e]=this.
selected;e.length||(t?.kind==="picture"?this.startCrop():this.editText())}editText(){this.selected.length===1&&this.selected[0].
kind==="text"&&this.#e.openText()}finishText(t){this.#t.endStep(),t.trim()===""&&this.selection.length&&this.remove(),this.#e.
show()}startCrop(){this.isCropping=!0,this.#e.show(),this.focus(),this.announce("Cropping. Arrows move the picture, Esca\
pe ends")}endCrop(){let{isCropping:t}=this;return this.isCropping=!1,this.#e.show(),t&&this.announce("Cropping ended"),t}focusStyle(){
this.#e.focusStyle()}announce(t){this.#e.announce(t)}offerRatio(){this.#e.offerRatio()}focus(){this.#e.focus()}changed(){
this.selection=this.selected.map(({id:t})=>t),this.selection.length===0&&(this.isCropping=!1),this.#e.show()}};var xa=640,Ea=16,Sa=.95;async function eo(i,{longSide:t,hasAlpha:e}){let s=Vs(i,t),n=e?"image/webp":"image/jpeg",o=await new Promise(
a=>{s.toBlob(a,n,Sa)});if(o)return o;let r=new Error("The browser could not turn the canvas into a picture.");throw r.code=
"image_unavailable",r}function so(i){Vs(i,Ea)}function io(i){return Vs(i,xa).toDataURL("image/jpeg",.8)}function Vs(i,t){
let{width:e,height:s}=K[i.aspect],n=t/Math.max(e,s),o=document.createElement("canvas");o.width=Math.round(e*n),o.height=
Math.round(s*n);let r=o.getContext("2d");return r.scale(o.width/e,o.height/s),He(r,i),o}var ka=[[/^GIF8/,"a GIF"],[/^BM/,"a BMP image"],[/^(II\*\0|MM\0\*|II\+\0)/,"a TIFF image"],[/^8BPS/,"a Photoshop file"],
[/^%PDF/,"a PDF"],[/^(\xff\x0a|\0\0\0\x0cJXL )/,"a JPEG XL image"],[/^\0\0\0\x0cjP {2}/,"a JPEG 2000 image"],[/^\x1aE\xdf\xa3/,
"a WebM or Matroska video"],[/^RIFF.{4}AVI /s,"an AVI video"],[/^.{4}ftyp(.{4}){0,12}avi[fs]/s,"an AVIF image"],[/^.{4}ftyp(.{4}){0,12}(hei[cxms]|hev[cxms]|mif1|msf1)/s,
"a HEIC image"],[/^.{4}ftypqt /s,"a QuickTime video"],[/^.{4}ftyp/s,"an MP4 video"],[/^(\xef\xbb\xbf)?\s*<(?!(!doctype )?html\b)(.*<)?(\w+:)?svg[\s>/]/is,
"an SVG drawing"]];async function no(i){let t=new Uint8Array(await i.slice(0,1024).arrayBuffer()),e=String.fromCharCode(
...t);return ka.find(([s])=>s.test(e))?.[1]}var Oa=2048,Ta=8e7,La=40*1024*1024,Ca={unsupported_image:"This file is not a picture. Use a PNG, JPEG or WebP.",invalid_image:"\
This picture cannot be read. It may be damaged.",image_too_large:"This picture is too large. Use one of at most 80 megap\
ixels and 40 MB."},Aa="This is a HEIC image, which this browser cannot open. On an iPhone or Mac, share or export it fro\
m Photos as JPEG; on Windows, open it in Photos and save it as JPEG.",D=class extends Error{constructor(t,e=Ca[t]){super(
e),this.code=t}};async function Ks(i){if(!/^(image\/(?!svg)|$)/.test(i.type))throw await oo(i);if(i.size>La)throw new D(
"image_too_large");let t=new Image;t.src=URL.createObjectURL(i);try{return await new Promise((e,s)=>Object.assign(t,{onload:e,
onerror:s})),await Ia(t)}catch(e){throw e instanceof D?e:await oo(i)}finally{URL.revokeObjectURL(t.src)}}async function oo(i){
let t=await no(i),e=`This is ${t}, which cannot be used here. Save it as PNG, JPEG or WebP first.`;return t?new D("unsup\
ported_image",t==="a HEIC image"?Aa:e):new D(i.type.startsWith("image/")?"invalid_image":"unsupported_image")}function Ia(i){
let{naturalWidth:t,naturalHeight:e}=i;if(t*e>Ta)throw new D("image_too_large");let s=Math.min(1,Oa/Math.max(t,e));return createImageBitmap(
i,{resizeWidth:Math.max(1,Math.round(t*s)),resizeHeight:Math.max(1,Math.round(e*s)),resizeQuality:"high"})}var Ma=2,ns=class{#t=new Set;#e=new Map;#s=new Set;#i;#n;constructor(t,e){this.#i=t,this.#n=e}async add(t){try{let e=await Ks(
t),n={blob:new Blob([await t.arrayBuffer()],{type:t.type}),bitmap:e,width:e.width,height:e.height};return this.#t.add(n),
n}catch(e){if(!(e instanceof D))throw e;return this.#n({code:e.code,message:e.message}),null}}async addSample(){let t=await fetch(
this.#i).catch(()=>null);return t?.ok?this.add(new Blob([await t.arrayBuffer()],{type:"image/webp"})):(this.#n({code:"of\
fline",message:"The sample picture could not be loaded. Try again."}),null)}async show({objects:t}){this.#s=new Set(t.map(
({source:s})=>s).filter(Boolean));let e=[...this.#s].filter(({bitmap:s})=>!s);for(let s of this.#s)s.bitmap&&this.#r(s);
return await Promise.all(e.map(s=>this.#a(s))),this.#o(),e.length>0}#o(){let t=[...this.#t].filter(e=>!this.#s.has(e));for(let e of t.
slice(0,-Ma))this.#t.delete(e),e.bitmap.close(),e.bitmap=null}async#a(t){let e=()=>Ks(t.blob).catch(()=>createImageBitmap(
new ImageData(1,1)));this.#e.has(t)||this.#e.set(t,e()),t.bitmap=await this.#e.get(t),this.#e.delete(t),this.#r(t)}#r(t){
this.#t.delete(t),this.#t.add(t)}};var Js={text:"After the rain",size:104,width:900,align:"left",x:522,y:592},ro=.5;function Ys({objects:i}){return i.some(
({kind:t,isSample:e})=>t==="picture"&&!e)}function ao(i,t){let e=w(i);if(!Ys(i))return ho(Pa(i),{source:t,...Lt(t,e)});let s={
width:e.width*ro,height:e.height*ro},{width:n,height:o}=Lt(t,s),r=Math.min(1,t.width/n);return co(J(i,"picture",{source:t,
width:n*r,height:o*r}))}function Zs(i,t){let e=i.objects.filter(({isSample:n})=>!n),s={source:t,isSample:!0,...V(t,w(i))};
return ho({...i,objects:e},s)}function Pa(i){let t=({isSample:e,text:s})=>!e&&s!==Js.text;return{...i,objects:i.objects.
filter(t)}}function ho(i,t){let e=co(J(i,"picture",t));return{...e,scene:_e(e.scene,[e.id],-1/0)}}var co=i=>({scene:i,id:i.
objects.at(-1).id});var Na=400,os=class extends is{#t;#e;#s=this.aspect;#i=0;wantedAspects=this.aspects;constructor(t,{sampleUrl:e,owner:s=()=>""}){
super(t,J(Us,"text",Js),s),this.#t=new ns(e,n=>this.dispatchEvent(new CustomEvent("notice",{detail:n}))),this.#e=new Me(
s),this.ready=this.#o()}get aspects(){return Object.keys(K)}get aspect(){return this.scene.aspect}set aspect(t){t===this.
aspect||!this.aspects.includes(t)||(this.apply(Fs(this.scene,t)),this.announce(`Aspect ${t}`))}async toBlob({longSide:t=1280}={}){
return await this.ready,await this.#t.show(this.scene),eo(this.scene,{longSide:t,hasAlpha:this.hasTransparency()})}snapshotUrl(){
return io(this.scene)}hasTransparency(){return this.scene.backdrop.length===0}async showPicture(t){await this.ready;let e=await this.#t.
add(t);if(!e)return;let s={...Us,aspect:At(e)},n={source:e,...V(e,w(s))};this.apply(J(s,"picture",n)),this.announce("Pic\
ture placed")}async addPictures(t){await this.ready;for(let e of t){let s=await this.#t.add(e);if(!s)continue;let n=!Ys(
this.scene);this.#n(ao(this.scene,s)),n&&this.offerRatio()}}async useSample(){let t=await this.#t.addSample();t&&this.#n(
Zs(this.scene,t))}cover({id:t,source:e},s){let n=Fs(this.scene,s);this.apply(R(n,[t],o=>V(o,w(n)))),this.announce(`Aspec\
t ${this.aspect}`)}changed(){super.changed(),this.#t.show(this.scene).then(t=>t&&super.changed()),this.dispatchEvent(new Event(
"change")),this.aspect!==this.#s&&this.dispatchEvent(new Event("aspect-change")),this.#s=this.aspect,clearTimeout(this.#i),
this.#i=setTimeout(()=>this.ready.then(()=>this.#e.save(this.scene)),Na)}#n({scene:t,id:e}){this.apply(t),this.selectPlaced(
e),this.announce("Picture placed")}async#o(){let t=await this.#a(),e=t?null:await this.#t.addSample(),s=t??(e?Zs(this.scene,
e).scene:this.scene);await this.#t.show(s),this.open(s),this.#s=this.aspect}async#a(){let t=await this.#e.load();if(!t)return null;
try{return await this.#t.show(t),so(t),t}catch{return null}}};var $a=/^[1-9]\d*:[1-9]\d*$/,rs="auto",Ra=2,Da=new Intl.ListFormat("en");function hs({variables:i}){return i.find(({type:t,
choices:e=[]})=>t==="choice"&&e.some(Xs)&&e.every(s=>Xs(s)||s===rs))}function uo(i,t){let e=hs(i);if(!e)return{};let{name:s,
choices:n}=e;return n.includes(t)?{[s]:t}:n.includes(rs)?{[s]:rs}:fo(e)?{}:{[s]:po(n,t)[0]}}function ti(i){let t=hs(i);if(!t)
return i.aspectRatios??null;let e=t.choices.filter(Xs);return(t.choices.includes(rs)||fo(t))&&i.aspectRatios||e}function ei(i,{
aspects:t}){let e=ti(i);return e?t.filter(s=>e.includes(s)):t}function _a(i,{aspect:t,aspects:e}){return(ti(i)??[t]).some(
n=>Qs(n,t)<.01)?null:po(ei(i,{aspects:e}),t)}var as=class{#t;#e;#s;constructor(t,e,s){this.#t=t,this.#e=e,this.#s=s}show(t){
let{ratioNote:e,ratioText:s,ratioOffers:n}=this.#t,o=_a(t,this.#e),r=o&&`${Fa(t)} The model may crop your ${this.#e.aspect}\
 canvas.`;s.textContent!==(r??"")&&(e.hidden=o===null,s.textContent=r,n.replaceChildren(...(o??[]).slice(0,Ra).map(a=>this.#i(
a))),o&&Ua())}#i(t){return l("button",{class:"button",type:"button",onclick:()=>{this.#e.aspect=t,this.#s.focus()}},`Use\
 ${t}`)}};function Ua(){let{activeElement:i}=document;i.matches(":focus-visible")&&i.scrollIntoView({block:"nearest",inline:"\
nearest"})}function Fa(i){return`${i.title} makes ${Da.format(ti(i))} videos.`}function fo({required:i,default:t}){return!i&&
t===void 0}function Xs(i){return $a.test(i)}function po(i,t){return[...i].sort((e,s)=>Qs(e,t)-Qs(s,t))}function Qs(i,t){
return Math.abs(Math.log(lo(i)/lo(t)))}function lo(i){let[t,e]=i.split(":");return t/e}var Ba=/[\x00-\x09\x0b-\x1f\x7f]/g;function cs({type:i,choices:t},e){if(e.trim()!=="")return i==="choice"?t[Number(e)]:go(i)?Number(e):e.replace(Ba," ").trim()}
function si({type:i,choices:t},e){return e===void 0?"":i!=="choice"?String(e):t.includes(e)?String(t.indexOf(e)):void 0}
function mo(i,t){let e=cs(i,t);return e===void 0?i.required?`\u201C${i.label}\u201D is required.`:null:go(i.type)?qa(i,e):
i.type==="text"?ja(i,e):null}function go(i){return i==="number"||i==="integer"}function qa({label:i,type:t,minimum:e=-9007199254740992,
maximum:s=9007199254740992},n){return Number.isNaN(n)?`${i} must be a number.`:t==="integer"&&!Number.isInteger(n)?`${i}\
 must be a whole number.`:n>=e&&n<=s?null:`${i} must be from ${e.toLocaleString("en")} to ${s.toLocaleString("en")}.`}function ja({
label:i,maxLength:t=1/0},e){let s=[...e].length-t;return s<=0?null:`${i} is ${s} ${s===1?"character":"characters"} too l\
ong.`}var Wa=120,za={number:"decimal",integer:"numeric"},ls=class extends EventTarget{#t;#e;#s=[];constructor(t){super(),this.#t=
t}show({slug:t,variables:e,factors:s={}},{except:n}={}){this.#e=`variables/${t}`;let o=JSON.parse(g.get(this.#e)??"{}");
this.#s=e.filter(r=>r!==n).map(r=>{let{name:a}=r,h=Object.hasOwn(o,a)?o[a]:void 0,c=new ii(r,h,Object.hasOwn(s,a));return c.
addEventListener("change",()=>this.#i()),c}),this.#t.replaceChildren(...this.#s.map(r=>r.element))}note({slug:t,variables:e},s){
let n=e.map(o=>[o.name,si(o,s[o.name])]);g.set(`variables/${t}`,JSON.stringify(Object.fromEntries(n)))}keepFor({slug:t,variables:e}){
let s=new Map(this.#s.map(o=>[o.name,o])),n=e.filter(({name:o})=>s.has(o)).map(o=>{let{value:r,raw:a}=s.get(o.name);return[
o.name,Number.isNaN(r)?a:si(o,r)]});g.set(`variables/${t}`,JSON.stringify(Object.fromEntries(n)))}get values(){let t=this.#s.
map(e=>[e.name,e.value]);return Object.fromEntries(t.filter(([,e])=>e!==void 0))}get invalidField(){return this.#s.find(
t=>t.problem)}showProblems(){for(let t of this.#s)t.showProblem();this.invalidField?.focus()}showPrices(t){for(let e of this.#s)
e.showPrices(s=>t({[e.name]:s}))}focus(){this.#s[0]?.focus()}#i(){let t=this.#s.map(e=>[e.name,e.raw]);g.set(this.#e,JSON.
stringify(Object.fromEntries(t))),this.dispatchEvent(new Event("change"))}},ii=class extends EventTarget{#t;#e;#s=new Map;#i=l(
"p",{class:"field-problem",id:wt("problem")});constructor(t,e,s){super(),this.#t=t,this.name=t.name,this.raw=e??Ha(t),this.
element=t.type==="choice"?this.#o(s):this.#n(),this.element.append(this.#i),this.element.addEventListener("focusout",()=>this.
raw!==""&&this.showProblem())}get value(){return cs(this.#t,this.raw)}get problem(){return mo(this.#t,this.raw)}focus(){
(this.#e.find(t=>t.checked)??this.#e[0]).focus()}showProblem(){this.#i.textContent=this.problem;for(let t of this.#e)t.ariaInvalid=
this.problem!==null}showPrices(t){for(let[e,s]of this.#s)s.textContent=A(t(cs(this.#t,e)))}#n(){let{type:t,maxLength:e,required:s,
label:n}=this.#t,o=wt("variable"),r=l(e>Wa?"textarea":"input",{id:o,class:"input",rows:2,autocomplete:"off","aria-requir\
ed":String(s),inputmode:za[t]??null,"aria-describedby":this.#i.id,oninput:()=>this.#a(r.value)});r.value=this.raw,this.#e=
[r];let a=s?null:l("small",{},"Optional");return l("div",{class:"field"},l("label",{class:"field-label",for:o},n,a),r)}#o(t){
let{choices:e,required:s,label:n,default:o}=this.#t,r=e.map((c,d)=>[String(d),Ga(c)]);!s&&o===void 0&&r.unshift(["","Any"]);
let a=wt("choice"),h=r.map(([c,d])=>{let u=()=>this.#a(c),f=t&&l("small",{id:wt("price"),"aria-hidden":"true"});f&&this.#s.
set(c,f);let b={type:"radio",name:a,checked:c===this.raw,onchange:u},m=l("input",{...b,"aria-describedby":f?.id});return l(
"label",{class:"segment"},m,d,f)});return this.#e=h.map(c=>c.firstChild),l("div",{class:"field",role:"radiogroup","aria-\
labelledby":a},l("span",{class:"field-label",id:a},n),l("div",{class:"segments"},h))}#a(t){this.raw=t,this.#i.textContent&&
this.showProblem(),this.dispatchEvent(new Event("change"))}};function Ha({type:i,choices:t,default:e}){return i==="choic\
e"?e===void 0?"":String(t.indexOf(e)):String(e??"")}function Ga(i){let t=String(i);return t.charAt(0).toUpperCase()+t.slice(
1)}var ni="template",Va=Dt("canvas/sample.webp"),ds=class{#t;#e;#s;#i=P("studio");#n=document.getElementById("canvas");#o=document.
getElementById("animate");#a=document.getElementById("order-hint");#r=new ls(this.#i.form);#h;#c;#l=null;#d=null;constructor(t,e,s){
this.#t=t,this.#e=e,this.#s=s,this.#h=new os(this.#n,{sampleUrl:Va,owner:t.owner}),this.#c=new as(this.#i,this.#h,this.#o),
this.#h.ready.finally(()=>this.#n.querySelector(".stage-wait").remove()),this.#h.ready.finally(()=>this.#b()),this.#h.addEventListener(
"aspect-change",()=>this.#b()),this.#h.addEventListener("notice",({detail:n})=>t.report(n)),this.#h.addEventListener("ch\
ange",()=>t.resolve("canvas")),this.#r.addEventListener("change",()=>this.#b()),t.account.addEventListener("change",()=>this.#b()),
t.session.addEventListener("change",()=>this.#b()),this.#o.addEventListener("click",({detail:n})=>n>1||this.#x()),this.#i.
form.addEventListener("submit",n=>{n.preventDefault(),this.#x()}),document.addEventListener("keydown",n=>this.#w(n))}enter(t){
this.#f(t.get("template"))}showTemplates(t){let e=this.#l?.slug,s=t.find(({slug:h})=>h===e);s&&this.#r.keepFor(s),this.#i.
strip.replaceChildren(...t.map(h=>this.#u(h)));let{router:n,catalogue:o}=this.#t,a=[e,n.location.query.get("template"),g.
get(ni)].find(h=>o.find(h));this.#f(a??(t.find(Ya)??t[0])?.slug)}restore({templateSlug:t,variables:e}){let s=this.#t.catalogue.
find(t);return s?(this.#r.note(s,e),this.#l=null,this.#f(t),!0):!1}shows({scene:t}){return t?.deref()===this.#h.scene}async showPicture(t){
this.#d=t,this.#b();let e=l("div",{class:"stage-wait","aria-hidden":"true"});this.#n.append(e);try{let s=await t.finally(
()=>e.remove());s&&t===this.#d&&await this.#h.showPicture(s)}finally{t===this.#d&&(this.#d=null),this.#b()}}focusForm(){
this.#r.focus()}focusCanvas(){this.#n.querySelector("button").focus()}#u({slug:t,title:e}){let n=l("input",{type:"radio",
name:ni,value:t,"aria-label":e,onchange:()=>this.#t.router.go("studio",{template:t})}),o=l("img",{loading:"lazy",src:q(t),
alt:"",width:62,height:46});return l("label",{class:"strip-item",title:e},n,o)}#f(t){let e=this.#t.catalogue.find(t);if(!e||
(this.#g(t),e===this.#l))return;let{preview:s,title:n,text:o,model:r}=this.#i;this.#l=e,this.#h.wantedAspects=ei(e,this.#h),
g.set(ni,t),n.textContent=e.title,o.textContent=e.description,r.textContent=e.modelName,this.#e.show(s,t),this.#r.show(e,
{except:hs(e)}),this.#b()}#g(t){let{strip:e}=this.#i,s=e.querySelector(`[value="${CSS.escape(t)}"]`);s.checked=!0,Za(e,s.
parentElement)}#w({key:t,ctrlKey:e,metaKey:s,repeat:n}){if(t!=="Enter"||!(e||s)||n)return;this.#t.router.location.view===
"studio"&&!document.querySelector("dialog[open]")&&this.#x()}#x(){let t=this.#p;if(t?.isInForm&&this.#r.showProblems(),t)
return;let{slug:e,startSide:s}=this.#l;this.#t.reportErrors(()=>this.#s({order:{templateSlug:e,variables:this.#v,image:this.#h.
toBlob({longSide:s})},pictureUrl:this.#h.snapshotUrl(),scene:new WeakRef(this.#h.scene),ratio:this.#h.aspect.replace(":",
" / ")}))}get#v(){return{...this.#r.values,...uo(this.#l,this.#h.aspect)}}get#m(){return this.#E({})}#E(t){return Ts(this.#l,
{...this.#v,...t})}get#p(){if(this.#t.session.isSignedOut)return{text:"You are signed out. ",offer:l("button",{class:"li\
nk",type:"button",onclick:()=>this.#t.signIn()},"Sign in")};if(!this.#l)return{text:""};if(this.#d)return{text:"The pict\
ure is being loaded."};let t=this.#t.account.credits;if(t&&this.#m>t.available)return{text:Ka(this.#m,t),offer:Ja()};let s=this.#r.
invalidField;return s?{text:s.problem,isInForm:!0}:null}#b(){if(!this.#l)return;let t=this.#p,e=this.#t.account.credits;
E(this.#o,t!==null),this.#c.show(this.#l),this.#r.showPrices(s=>this.#E(s)),this.#i.cost.textContent=A(this.#m),this.#i.
price.textContent=A(this.#m),this.#i.dot.textContent=e?" \xB7 ":"",this.#i.balance.textContent=e?`${e.available} availab\
le`:"",this.#a.textContent=t?.text??"",t?.offer&&this.#a.append(t.offer)}};function Ka(i,{available:t,held:e}){let s=e>0?
` (${e} more are held for videos under way)`:"";return`${A(i-t)} short: this video costs ${i}, you have ${t}${s}. `}function Ja(){
if(!X)return l("a",{href:O.link("credits")},"See credits");let i=l("span",{class:"unseen"}," (opens in a new tab)");return l(
"a",{href:X,target:"_blank",rel:"noopener"},"Get credits",i)}function Ya({variables:i}){return i.every(t=>!t.required||t.
default!==void 0)}function Za(i,t){let e=t.offsetLeft-i.offsetLeft-(i.clientWidth-t.clientWidth)/2;i.scrollTo({left:e,behavior:"\
smooth"})}var us=class{#t;#e=at(document.getElementById("undo"));constructor(t){let{root:e,undo:s}=this.#e;this.#t=t,t.addEventListener(
"change",()=>this.#s()),s.addEventListener("click",()=>t.undo()),e.addEventListener("pointerenter",()=>t.hold(!0)),e.addEventListener(
"pointerleave",()=>t.hold(!1)),e.addEventListener("focusin",()=>t.hold(s.matches(":focus-visible"))),e.addEventListener(
"focusout",()=>t.hold(!1)),document.addEventListener("keydown",n=>this.#i(n))}#s(){let{bar:t,said:e,undo:s}=this.#e,n=this.#t.
undoable;n.length===0&&document.activeElement===s&&document.getElementById("main").focus(),t.hidden=n.length===0,n.length>
0&&(e.textContent=`${gt(n)} deleted`)}#i(t){let e=(t.ctrlKey||t.metaKey)&&!t.shiftKey&&t.key==="z",s=document.documentElement.
dataset.view!=="studio";!e||!s||this.#e.bar.hidden||t.target.matches("input, textarea")||(t.preventDefault(),this.#t.undo())}};var Xa="Only you can see this video. A link shows it to everyone who has the link.",Qa="Everyone who has this link can s\
ee the video. Stop sharing ends the link for good.",fs=class{#t;#e;#s;constructor({changes:t,reportErrors:e},s){this.#t=
s,this.#e=t,s.share.addEventListener("click",()=>this.open(s.shareBox.hidden)),s.shareMake.addEventListener("click",()=>e(
()=>this.#i())),s.shareEnd.addEventListener("click",()=>e(()=>this.#n())),s.shareCopy.addEventListener("click",()=>this.#r()),
s.shareSend.addEventListener("click",()=>this.#h()),s.shareUrl.addEventListener("focus",()=>s.shareUrl.select()),s.shareSend.
hidden=!navigator.share}open(t){let{share:e,shareBox:s,said:n}=this.#t;e.ariaExpanded=t,s.hidden=!t,n.textContent=""}show(t){
let{shareText:e,shareState:s,shareUrl:n,shareLink:o,shareMake:r}=this.#t,a=!!t.shareUrl;this.#s=t,e.textContent=a?"Share\
d":"Share",s.textContent=a?Qa:Xa,n.value=t.shareUrl??"",o.hidden=!a,r.hidden=a}async#i(){let t=this.#s;await this.#e.share(
t),this.#o(t)&&this.#a("The link is made.",this.#t.shareCopy)}async#n(){let t=this.#s;await this.#e.revokeShare(t),this.#o(
t)&&this.#a("The link has ended.",this.#t.shareMake)}#o({jobId:t}){return!this.#t.shareBox.hidden&&this.#s.jobId===t}#a(t,e){
e.focus(),this.#c(t)}async#r(){let{shareUrl:t}=this.#t;try{await navigator.clipboard.writeText(t.value),this.#c("Link co\
pied.")}catch{t.focus(),this.#c("The browser does not let this page copy. Copy the selected link.")}}async#h(){let{title:t,
shareUrl:e}=this.#s;await navigator.share({title:t,url:e}).catch(()=>{})}#c(t){this.#t.said.textContent=t}};var th={h264:"H.264",hevc:"H.265",av1:"AV1",vp9:"VP9"},ps=class{#t;#e;#s;video=null;constructor(t,e,s){let{changes:n,deletions:o,
reportErrors:r}=t,a=h=>r(()=>n.change(this.video,h));this.#t=t,this.#e=e,this.#s=new fs(t,e),n.addEventListener("change",
({detail:h})=>this.#i(h)),e.rename.addEventListener("click",()=>Se(e.title,h=>a({title:h}))),e.star.addEventListener("cl\
ick",()=>a({favourite:!this.video.favourite})),e.download.addEventListener("click",h=>{h.preventDefault(),h.detail<2&&r(
()=>n.download([this.video]))}),e.remove.addEventListener("click",()=>{let{video:h}=this;s(),o.add([h])})}show(t){this.#e.
download.href=t.downloadUrl,this.#e.download.download=se(t.key),this.#e.details.open=!1,this.#e.facts.replaceChildren(...this.#n(
t).flatMap(eh)),this.#s.open(!1),this.video=t,this.#i(t)}open(t){let{details:e,share:s}=this.#e;t==="share"&&(this.#s.open(
!0),s.focus()),t==="details"&&(e.open=!0,e.firstElementChild.focus())}hide(){this.video=null,this.#s.open(!1)}#i({jobId:t,
...e}){this.video?.jobId===t&&(this.video={...this.video,...e},this.#e.title.textContent=this.video.title,Ee(this.#e.star,
this.video),this.#s.show(this.video))}#n({templateSlug:t,variables:e,durationSeconds:s,width:n,height:o,bytes:r,codec:a,
createdAt:h,key:c}){let{catalogue:d}=this.#t,u=d.find(t)?.variables??[],f=new Map(u.map(({name:m,label:C})=>[m,C])),b=new Set(
[...f.keys(),...Object.keys(e)]);return[["Template",T(t,d)],...[...b].map(m=>[f.get(m)??m,e[m]||void 0]),["Length",s&&Zt(
s)],["Picture",n&&`${n} \xD7 ${o}`],["Size",r&&Xt(r)],["Codec",th[a]??a],["Made",F(h)],["File",se(c)]].filter(([,m])=>m!==
void 0)}};function eh([i,t]){return l("div",{},l("dt",{},i),l("dd",{},String(t)))}var sh="Generating video. This may take a couple of minutes...",ih="If the model finishes first, the video is yours and \
is charged.",nh="Close, keep generating",wo="Local preview, made without the model",oh="You are offline. The video is ma\
de all the same.",rh="You are offline. The order waits for the connection.",ah=500,ms=class extends EventTarget{#t=new j(
"screen");#e=this.#t.parts;#s;#i;#n=null;#o;constructor(t){super(),this.#s=t,t.attempts.addEventListener("change",({detail:e})=>e===
this.#n&&this.#a()),this.#t.addEventListener("close",()=>this.#f()),this.#e.cancel.addEventListener("click",()=>this.#u()),
this.#i=new ps(t,this.#e,()=>this.#t.close()),this.#e.again.addEventListener("click",()=>{let e=this.#i.video;this.#t.close(),
this.dispatchEvent(new CustomEvent("again",{detail:e}))})}get isOpen(){return this.#t.isOpen}shows(t){return t===this.#n}follow(t){
let{screen:e}=this.#e,s=l("img",{class:"screen-glow",alt:""}),n=l("img",{alt:""});this.#n=t,this.#i.hide(),this.#h(t.picture.
ratio??"16 / 10",[s,l("div",{class:"living"},n)]),St(s,t),St(n,t),n.addEventListener("load",()=>{let{naturalWidth:o,naturalHeight:r}=n;
t.picture.ratio||e.style.setProperty("--ratio",`${o} / ${r}`)}),clearInterval(this.#o),this.#o=setInterval(()=>this.#d(),
ah),this.#c(!1),this.#t.open(this.#e.leave),this.#a()}close(){this.#t.close()}play(t,e){this.#r(t,[F(t.createdAt)]),this.#t.
open(this.#e.shut),this.#i.open(e)}#a(){let{status:t,hasEnded:e,seconds:s,isCancelling:n}=this.#n;if(t.url){let o=document.
activeElement===this.#e.leave||document.activeElement===this.#e.cancel,r=T(t.templateSlug,this.#s.catalogue);this.#r({...t,
title:r,favourite:!1},["Your video is ready",`made in ${I(s)}`]),o&&this.#e.download.focus()}else e?this.#t.close():(this.#e.
title.textContent=n?"Cancelling\u2026":sh,this.#e.cancel.textContent=n?"Cancelling\u2026":"Cancel",this.#e.leave.textContent=
n?"Close":nh,E(this.#e.cancel,n||t.stage==="storing"),ue(this.#e.steps,t),this.#d())}#r(t,e){if(this.#i.video?.jobId===t.
jobId)return;clearInterval(this.#o),this.#h(ce(t),[this.#l(t)]);let{durationSeconds:s,bytes:n,localPreview:o}=t,r=s===void 0?
[]:[Zt(s)],a=n===void 0?[]:[Xt(n)],h=o?[wo]:[];this.#e.note.textContent=[...e,...r,...a,...h].join("\xA0\xB7 "),this.#i.
show(t),this.#c(!0)}#h(t,e){this.#e.problem.textContent="",this.#e.screen.style.setProperty("--ratio",t),this.#e.screen.
replaceChildren(...e)}#c(t){let{waiting:e,steps:s,elapsed:n,done:o,shut:r,rename:a,star:h,details:c}=this.#e;for(let d of[
e,s,n])d.hidden=t;for(let d of[o,r,a,h,c])d.hidden=!t}#l(t){let s=l("video",{...{controls:!0,loop:!0,playsinline:!0,autoplay:!0},
"aria-label":"The finished video"});return ht(s,t),he(s,t.jobId,this.#s.videos),s}#d(){let{seconds:t,templateSlug:e,status:s,
job:n,isCancelling:o}=this.#n,{catalogue:r}=this.#s,{elapsed:a,note:h}=this.#e;a.textContent=I(t);let c=s.localPreview?wo:
"",d=fe(r.find(e),t),u=[T(e,r),c,d].filter(Boolean).join("\xA0\xB7 "),f=n?oh:rh,b=navigator.onLine?u:f,m=o?ih:b;h.textContent!==
m&&(h.textContent=m)}async#u(){if(N(this.#e.cancel))return;let{attempts:t,report:e}=this.#s,s=this.#n;this.#e.problem.textContent=
"";try{await t.cancel(s)}catch(n){this.shows(s)?this.#e.problem.textContent=`Not cancelled: ${n.message}`:e(n,s,()=>t.cancel(
s))}}#f(){clearInterval(this.#o),this.#e.screen.replaceChildren(),this.#n=null,this.#i.hide(),this.dispatchEvent(new Event(
"close"))}};var hh=["studio","templates","library","activity","credits"],ch=["studio","templates"],lh=["invalid_variables","template\
_not_found"],oi=class{#t=new Kt(()=>this.#e.me());#e=new xt({baseUrl:et,getToken:()=>this.#t.token});#s=new O(hh);#i=new $t(
this.#e,this.#t);#n=new Rt(new nt({baseUrl:et,getToken:()=>null,onToken(){}}));#o=new jt(this.#e);#a=new ee(this.#e);#r={
videos:this.#e,session:this.#t,attempts:this.#o,account:this.#i,catalogue:this.#n,router:this.#s,changes:this.#a,titles:new Jt(
{videos:this.#e,account:this.#i,changes:this.#a}),announce:t=>this.#m.announce(t),owner:()=>this.#t.owner,reportErrors:t=>this.#y(
t),report:(t,e,s)=>this.#L(t,e,s),resolve:t=>this.#c.resolve(t),signIn:()=>this.#u.open(),useAgain:t=>this.#y(()=>this.#I(
t))};#h=this.#r.deletions=new zt(this.#r);#c=new te(this.#r,(t,e)=>this.#R(t,e));#l=new de;#d=new ms(this.#r);#u=new Ie(
this.#t,t=>yo(t));#f=new ds(this.#r,this.#l,t=>this.#N(t));#g=new ve(this.#r,this.#l);#w=new Le(this.#r,this.#d);#x=new me(
this.#r,this.#d,{watch:t=>this.#d.follow(t),change:this.#r.useAgain,repeat:t=>this.#A(t),play:t=>this.#s.go("library",{video:t.
job.id})});#v={studio:this.#f,templates:this.#g,library:this.#w,activity:this.#x,credits:new ye(this.#r)};#m=new Ae;#E=new _t(
this.#r,this.#f);#p=null;constructor(){new ae(this.#t,this.#r.signIn),new we(this.#r,{shell:this.#m,dialog:this.#d,library:this.#w}),
this.#s.addEventListener("change",()=>this.#S()),this.#i.addEventListener("change",()=>this.#m.showBalance(this.#i.credits)),
new us(this.#h),new Ce(this.#r,yo),this.#t.addEventListener("signed-in",()=>this.open()),addEventListener("online",()=>this.#M()),
addEventListener("beforeunload",t=>this.#o.isSending&&t.preventDefault()),document.addEventListener("visibilitychange",()=>this.#_()),
this.#d.addEventListener("again",({detail:t})=>this.#r.useAgain(t)),this.#e.onconnection=t=>this.#D(t),this.#e.onerror=t=>this.#L(
t)}async open(){this.#S();let t=this.#n.templates.length>0;await Promise.all([t||this.#y(()=>this.#k()),this.#b()])}async#b(){
let t=this.#y(()=>this.#t.check());if(!this.#t.isSignedIn){if(await t,!this.#t.isSignedIn)return;this.#T()}await Promise.
all([this.#y(()=>this.#i.refresh()),this.#y(()=>this.#O()),this.#y(()=>this.#h.settle())])}async#k(){if(!await this.#n.load())
return;let{templates:t}=this.#n;this.#f.showTemplates(t),this.#w.showTemplates(t),this.#p==="templates"&&this.#g.enter()}async#O(){
await this.#e.resume(),this.#o.reload()}#S(){let{view:t}=this.#s.location;t!==this.#p&&this.#P(t),(ch.includes(t)||this.#t.
isSignedIn)&&this.#T()}#T(){let{view:t,query:e}=this.#s.location;this.#y(()=>this.#v[t].enter?.(e))}#P(t){this.#p&&this.#d.
close(),this.#v[this.#p]?.leave?.(),this.#c.moved(this.#p,t),this.#p=t,this.#m.show(t),this.#m.saysSignedOut&&this.#c.resolve(
"signIn")}#N(t){this.#c.clear(),this.#d.follow(this.#o.order(t))}#L(t,e,s){t.code==="aborted"||t.code==="cancelled"||(lh.
includes(t.code)&&this.#y(()=>this.#k()),t.code!=="unauthenticated"?this.#c.report(t,e,s):this.#y(()=>this.#$(t,e,s)))}async#$(t,e,s){
await this.#t.check(),!(!e&&this.#t.state!=="expired")&&(this.#m.saysSignedOut?this.#m.announce("You are signed out: you\
r session has expired."):this.#c.report(t,e,s))}#R(t,e){let s=o=>()=>this.#s.go(o),n=e??(t&&(()=>this.#A(t)));return{again:()=>n?
this.#y(n):this.open(),change:()=>t?this.#r.useAgain(t):this.#C({},()=>this.#f.focusForm()),canvas:()=>this.#C({},()=>this.#f.
focusCanvas()),credits:s("credits"),activity:s("activity"),templates:s("templates"),library:s("library"),signIn:this.#r.
signIn}}async#A(t){let e=await this.#E.repeat(t);e?this.#d.follow(e):await this.#I(t)}async#I(t){this.#c.clear();let e=this.#E.
change(t);this.#C({template:t.templateSlug},()=>this.#f.focusForm());let s=await e;s&&this.#L({code:s})}#C(t,e){this.#s.
go("studio",t),this.#S(),e()}#D(t){let e=t==="offline";this.#m.showConnection(e),e||this.#M(),t==="live"&&this.#c.live()}#M(){
this.#c.recovered(),document.querySelector(`[data-of="${this.#p}"] [data-part=trouble]:not([hidden]) [data-part=retry]`)?.
click(),this.#n.templates.length===0&&this.#y(()=>this.#k()),this.#t.state==="unknown"&&this.#y(()=>this.#t.check()),this.#t.
isSignedIn&&!this.#i.credits&&this.#y(()=>this.#i.refresh())}#_(){document.hidden||!this.#t.isSignedIn||(this.#y(()=>this.#i.
refresh().catch(vo)),this.#n.isOld&&this.#y(()=>this.#k().catch(vo)))}async#y(t){try{await t()}catch(e){if(!(e instanceof
p))throw e;this.#L(e)}}};function yo(i){return new xt({baseUrl:et,getToken:()=>i}).me()}function vo(i){if(i.code!=="offl\
ine")throw i}new oi().open();
