#!/usr/bin/perl
# duo.pl KEYFILE: reads one JSON list a line, ["method", {arguments}], and answers each with one JSON line:
# {"result": …} or {"error": {"code": …, "message": …, "detail": …}}. Methods are those of Net::Duo::Auth, plus
# "call" (["call", "POST", "/path", {arguments}]) and "poll" (["poll", "txid"]).
use strict;
use warnings;

use JSON ();
use Net::Duo::Auth;
use Net::Duo::Auth::Async;

# Net::Duo asks LWP to insist on a certificate whose subject ends in the vendor's domain. Its documented `user_agent`
# argument is where a site with a server of its own drops that demand; the chain and the host name are still verified.
package OwnServerAgent {
    use parent 'LWP::UserAgent';

    sub request {
        my ($self, $request, @rest) = @_;
        $request->remove_header('If-SSL-Cert-Subject');
        return $self->SUPER::request($request, @rest);
    }
}

my $json = JSON->new->canonical->allow_nonref;
my $duo = Net::Duo::Auth->new({
    key_file   => $ARGV[0],
    user_agent => OwnServerAgent->new(ssl_opts => { verify_hostname => 1 }),
});
$| = 1;
while (my $line = <STDIN>) {
    my ($method, @arguments) = @{ $json->decode($line) };
    my $answer = eval {
        if ($method eq 'call') {
            return $duo->call_json(@arguments);
        } elsif ($method eq 'auth') {
            my ($success, $data) = $duo->auth(@arguments);
            return { %{$data}, success => $success ? JSON::true : JSON::false };
        } elsif ($method eq 'auth_async') {
            return $duo->auth_async(@arguments)->id;
        } elsif ($method eq 'poll') {
            my ($status, $data) = Net::Duo::Auth::Async->new($duo, @arguments)->status;
            return { %{$data}, result => $status };
        }
        return $duo->$method(@arguments);
    };
    if (my $error = $@) {
        my $known = ref($error) && $error->isa('Net::Duo::Exception');
        print $json->encode({ error => $known
            ? { code => $error->code + 0, message => $error->message, detail => $error->detail }
            : { code => 0, message => "$error", detail => undef } }), "\n";
    } else {
        print $json->encode({ result => $answer }), "\n";
    }
}
