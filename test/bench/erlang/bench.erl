%% The Erlang side of the suite `local`: bench:main(Row, Operations) runs the row's workload once to
%% warm up and once for the measurement, and prints one line of JSON. The workloads are the same as
%% those of test/bench/local/, operation for operation.
-module(bench).
-behaviour(gen_server).
-behaviour(supervisor).
-export([main/2, start_fragile/1]).
-export([init/1, handle_call/3, handle_cast/2]).

main(Row, N) ->
    logger:set_primary_config(level, none),
    {Pid, Ref} = spawn_monitor(fun() -> run(Row, N) end),
    receive
        {'DOWN', Ref, process, Pid, normal} -> halt(0);
        {'DOWN', Ref, process, Pid, Reason} ->
            io:format(standard_error, "~p~n", [Reason]),
            halt(1)
    end.

run(Row, N) ->
    in_own_process(Row, N),
    {Total, Arrived} = in_own_process(Row, N),
    io:format("{\"value\":~.3f,\"arrived\":~b}~n", [Total / N, Arrived]).

%% A fresh heap and mailbox for every run.
in_own_process(Row, N) ->
    Parent = self(),
    {_, Ref} = spawn_monitor(fun() -> Parent ! {measured, row(Row, N)} end),
    receive
        {measured, Measured} ->
            receive {'DOWN', Ref, process, _, _} -> Measured end;
        {'DOWN', Ref, process, _, Reason} ->
            exit(Reason)
    end.

timed(Body) ->
    Start = erlang:monotonic_time(nanosecond),
    Arrived = Body(),
    {erlang:monotonic_time(nanosecond) - Start, Arrived}.

row("call-queued", N) ->
    Adder = start_adder(),
    timed(fun() -> calls(Adder, N), gen_server:call(Adder, total) end);
row("call-async-handler", N) ->
    row("call-queued", N);
row("call-direct", N) ->
    row("call-queued", N);
row("call-1000-callers", N) ->
    Adder = start_adder(),
    Self = self(),
    Pids = [spawn(fun() ->
                receive go -> ok end,
                calls(Adder, N div 1000),
                Self ! done
            end) || _ <- lists:seq(1, 1000)],
    timed(fun() ->
        [Pid ! go || Pid <- Pids],
        [receive done -> ok end || _ <- Pids],
        gen_server:call(Adder, total)
    end);
row("cast-1000", N) ->
    Adder = start_adder(),
    timed(fun() -> cast_batches(Adder, N div 1000), gen_server:call(Adder, total) end);
row("cast-burst-1m", N) ->
    Adder = start_adder(),
    timed(fun() -> casts(Adder, N), gen_server:call(Adder, total, infinity) end);
row("cast-burst-1m-drain", N) ->
    row("cast-burst-1m", N);
row("ping-pong", N) ->
    Self = self(),
    Pong = spawn_link(fun() -> pong(Self, 0, N) end),
    timed(fun() -> ping(Pong, 0, N, 0) end);
row("ring-1000", N) ->
    First = lists:foldl(fun(_, Next) -> spawn_link(fun() -> hop(Next) end) end,
                        self(), lists:seq(2, 1000)),
    timed(fun() -> lap(First, N, 0) end);
row("spawn-monitor-exit", N) ->
    timed(fun() -> lives(N, 0) end);
row("spawn-link-abnormal", N) ->
    process_flag(trap_exit, true),
    timed(fun() -> booms(N, 0) end);
row("restart", N) ->
    {ok, _} = supervisor:start_link(?MODULE, {tree, self()}),
    First = receive {up, Pid} -> Pid end,
    timed(fun() -> restarts(First, N, 0) end);
row("restart-10k-children", N) ->
    process_flag(trap_exit, true),
    {ok, Sup} = supervisor:start_link(?MODULE, {nursery, self(), N}),
    First = [receive {up, Pid} -> Pid end || _ <- lists:seq(1, N)],
    Old = maps:from_list([{Pid, old} || Pid <- First]),
    Measured = timed(fun() ->
        [gen_server:cast(Pid, crash) || Pid <- First],
        reborn(N, Old, 0)
    end),
    exit(Sup, kill),
    receive {'EXIT', Sup, _} -> Measured end;
row("spawn-1m-parked-async", N) ->
    Before = erlang:system_info(process_count),
    Self = self(),
    Measured = timed(fun() ->
        Pids = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, N)],
        all_begun(),
        Self ! {pids, Pids},
        erlang:system_info(process_count) - Before
    end),
    receive {pids, Pids} -> [exit(Pid, kill) || Pid <- Pids] end,
    Measured;
row("idle-server-bytes", N) ->
    process_flag(trap_exit, true),
    bytes(N, fun() ->
        Adder = start_adder(),
        0 = gen_server:call(Adder, total),
        Adder
    end);
row("idle-async-bytes", N) ->
    bytes(N, fun() -> spawn_link(fun() -> receive stop -> ok end end) end);
row("selective-backlog-100k", N) ->
    [self() ! {junk, I} || I <- lists:seq(1, 100000)],
    Measured = {Ns, _} = timed(fun() -> wanted(0, N, 0) end),
    case intact(1) of
        true -> Measured;
        false -> {Ns, -1}
    end.

%% Growth of the memory of processes by N of them, all kept alive.
bytes(N, Make) ->
    process_flag(trap_exit, true),
    erlang:garbage_collect(),
    Before = erlang:memory(processes),
    Pids = [Make() || _ <- lists:seq(1, N)],
    all_begun(),
    erlang:garbage_collect(),
    Total = erlang:memory(processes) - Before,
    [exit(Pid, kill) || Pid <- Pids],
    [receive {'EXIT', Pid, _} -> ok end || Pid <- Pids],
    {Total, length(Pids)}.

%% When a probe has run, so have those spawned before it.
all_begun() ->
    {Probe, Ref} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Ref, process, Probe, normal} -> ok end.

reborn(0, _, Restarts) -> Restarts;
reborn(N, Old, Restarts) ->
    receive
        {up, Pid} when is_map_key(Pid, Old) -> reborn(N - 1, Old, Restarts);
        {up, _} -> reborn(N - 1, Old, Restarts + 1)
    end.

start_adder() ->
    {ok, Adder} = gen_server:start_link(?MODULE, adder, []),
    Adder.

calls(_, 0) -> ok;
calls(Adder, N) ->
    gen_server:call(Adder, {add, 1}),
    calls(Adder, N - 1).

casts(_, 0) -> ok;
casts(Adder, N) ->
    gen_server:cast(Adder, {plus, 1}),
    casts(Adder, N - 1).

cast_batches(_, 0) -> ok;
cast_batches(Adder, N) ->
    casts(Adder, 1000),
    gen_server:call(Adder, total),
    cast_batches(Adder, N - 1).

pong(_, N, N) -> ok;
pong(Ping, I, N) ->
    receive I -> Ping ! I end,
    pong(Ping, I + 1, N).

ping(_, N, N, Trips) -> Trips;
ping(Pong, I, N, Trips) ->
    Pong ! I,
    receive I -> ok end,
    ping(Pong, I + 1, N, Trips + 1).

hop(Next) ->
    receive Left -> Next ! Left - 1 end,
    hop(Next).

lap(_, Left, Hops) when Left =< 0 -> Hops;
lap(First, Left, Hops) ->
    First ! Left - 1,
    receive Back -> lap(First, Back, Hops + Left - Back) end.

lives(0, Normal) -> Normal;
lives(N, Normal) ->
    {_, Ref} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Ref, process, _, normal} -> lives(N - 1, Normal + 1) end.

booms(0, Booms) -> Booms;
booms(N, Booms) ->
    Pid = spawn_link(fun() -> exit(boom) end),
    receive {'EXIT', Pid, boom} -> booms(N - 1, Booms + 1) end.

restarts(_, 0, Restarts) -> Restarts;
restarts(Pid, N, Restarts) ->
    gen_server:cast(Pid, crash),
    receive {up, Next} when Next =/= Pid -> restarts(Next, N - 1, Restarts + 1) end.

wanted(N, N, Found) -> Found;
wanted(I, N, Found) ->
    self() ! {wanted, I},
    receive {wanted, I} -> wanted(I + 1, N, Found + 1) end.

intact(I) when I > 100000 -> true;
intact(I) ->
    receive
        {junk, I} -> intact(I + 1);
        _ -> false
    after 0 -> false
    end.

start_fragile(Observer) ->
    gen_server:start_link(?MODULE, {fragile, Observer}, []).

init(adder) ->
    {ok, 0};
init({fragile, Observer}) ->
    Observer ! {up, self()},
    {ok, Observer};
init({nursery, Observer, N}) ->
    Flags = #{strategy => one_for_one, intensity => 10000000, period => 1},
    Start = {?MODULE, start_fragile, [Observer]},
    {ok, {Flags, [#{id => Id, start => Start} || Id <- lists:seq(1, N)]}};
init({tree, Observer}) ->
    Flags = #{strategy => one_for_one, intensity => 10000000, period => 1},
    {ok, {Flags, [#{id => fragile, start => {?MODULE, start_fragile, [Observer]}}]}}.

handle_call({add, By}, _From, Total) ->
    {reply, Total + By, Total + By};
handle_call(total, _From, Total) ->
    {reply, Total, Total}.

handle_cast({plus, By}, Total) ->
    {noreply, Total + By};
handle_cast(crash, Observer) ->
    {stop, boom, Observer}.
