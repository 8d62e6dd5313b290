%% The Erlang side of the suite `dist`: two nodes in two OS processes. bench_dist:serve() on one of
%% them; bench_dist:main(Row, Operations, Node) on the other runs the row's workload once to warm up
%% and once for the measurement, and prints one line of JSON. The workloads are the same as those of
%% test/bench/dist/, message for message.
-module(bench_dist).
-behaviour(gen_server).
-export([main/3, serve/0, sink/0]).
-export([init/1, handle_call/3, handle_cast/2]).

serve() ->
    io:format("ready~n").

main(Row, N, Node) ->
    {Pid, Ref} = spawn_monitor(fun() -> run(Row, N, Node) end),
    receive
        {'DOWN', Ref, process, Pid, normal} -> halt(0);
        {'DOWN', Ref, process, Pid, Reason} ->
            io:format(standard_error, "~p~n", [Reason]),
            halt(1)
    end.

run(Row, N, Node) ->
    true = net_kernel:connect_node(Node),
    measure(Row, N, Node),
    {Value, Arrived} = measure(Row, N, Node),
    io:format("{\"value\":~.3f,\"arrived\":~b}~n", [Value * 1.0, Arrived]).

measure("dist-call" ++ _, N, Node) ->
    {ok, Echo} = rpc:call(Node, gen_server, start, [?MODULE, [], []]),
    Times = [trip(Echo, I) || I <- lists:seq(1, N)],
    {lists:nth((N + 1) div 2, lists:sort(Times)) / 1000, length(Times)};
measure("dist-oneway" ++ _, N, Node) ->
    {Ns, Arrived, _} = train(Node, N, binary:copy(<<7>>, 100)),
    {N * 1.0e9 / Ns, Arrived};
measure("dist-bulk" ++ _, N, Node) ->
    {Ns, Arrived, Bytes} = train(Node, N, binary:copy(<<7>>, 65536)),
    {Bytes * 1.0e3 / Ns, Arrived}.

%% Nanoseconds of a call of the gen_server with 100 bytes there and the same back.
trip(Echo, I) ->
    Payload = <<I:32, 0:768>>,
    Start = erlang:monotonic_time(nanosecond),
    Payload = gen_server:call(Echo, {echo, Payload}),
    erlang:monotonic_time(nanosecond) - Start.

%% Until the sink has told how many messages and bytes have come.
train(Node, N, Message) ->
    Sink = spawn(Node, ?MODULE, sink, []),
    Start = erlang:monotonic_time(nanosecond),
    send(Sink, Message, N),
    Sink ! {report, self()},
    receive {counted, Arrived, Bytes} ->
        {erlang:monotonic_time(nanosecond) - Start, Arrived, Bytes}
    end.

send(_, _, 0) -> ok;
send(Sink, Message, N) ->
    Sink ! Message,
    send(Sink, Message, N - 1).

sink() -> sink(0, 0).

sink(Count, Bytes) ->
    receive
        {report, To} -> To ! {counted, Count, Bytes};
        Message -> sink(Count + 1, Bytes + byte_size(Message))
    end.

init([]) ->
    {ok, nothing}.

handle_call({echo, Payload}, _From, State) ->
    {reply, Payload, State}.

handle_cast(_, State) ->
    {noreply, State}.
